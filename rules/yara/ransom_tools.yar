/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Ransom_Deletes_Backups
{
    meta:
        author = "Vigia"
        description_es = "programa o script que borra las copias de seguridad de Windows, como antes de cifrar archivos"
        description_en = "a program or script that deletes Windows' backups, as is done before files are encrypted"
        reference = "https://attack.mitre.org/techniques/T1490/"
        severity = "critical"
        false_positives = "Scripts that free space delete old copies, but do not switch off the repair at start."
        needs = "delete shadows|shadowcopy|shadowstorage|delete catalog|systemstatebackup|recoveryenabled|bootstatuspolicy"
    strings:
        $a1 = /vssadmin(\.exe)?["']?,?\s{1,3}["']?delete shadows[^\n]{0,40}\/(all|quiet)/ nocase ascii wide
        $a2 = /shadowcopy["',\s]{1,4}(where [^\n]{1,40})?\/?(delete|nointeractive)|Win32_Shadowcopy[^\n]{0,60}(\.Delete|Remove-)/ nocase ascii wide
        $a3 = /resize\s{1,3}shadowstorage[^\n]{1,60}maxsize=\s?(401|unbounded)/ nocase ascii wide
        $b1 = /wbadmin(\.exe)?\s{1,3}delete (catalog|systemstatebackup)/ nocase ascii wide
        $b2 = /bcdedit[^\n]{1,60}recoveryenabled["',\s]{1,4}(no|off)/ nocase ascii wide
        $b3 = /bcdedit[^\n]{1,60}bootstatuspolicy["',\s]{1,4}ignoreallfailures/ nocase ascii wide
        $c1 = /wevtutil(\.exe)?\s{1,3}cl\s/ nocase ascii wide
        $c2 = /fsutil(\.exe)?\s{1,3}usn\s{1,3}deletejournal/ nocase ascii wide
        $c3 = /net(\.exe)?\s{1,3}stop\s{1,3}["']?(vss|mssqlserver|veeam|sqlwriter|mssql\$|backupexec)/ nocase ascii wide
        $c4 = /taskkill[^\n]{1,60}(sqlservr|sqlwriter|outlook|excel|winword|mysqld)/ nocase ascii wide
    condition:
        filesize < 20MB and uint16(0) != 0x457f and
        ((any of ($a*) and any of ($b*)) or (2 of ($a*) and any of ($c*)) or (2 of ($b*) and any of ($c*)) or (any of ($a*) and 2 of ($c*)))
}

rule Vigia_Ransom_Note_Chat
{
    meta:
        author = "Vigia"
        description_es = "nota de rescate que pide hablar por un chat para recuperar los archivos"
        description_en = "a ransom note that asks you to talk in a chat to get the files back"
        reference = "https://attack.mitre.org/techniques/T1486/"
        severity = "critical"
        false_positives = "Articles about ransomware that quote a note in full."
        needs = "telegram|session messenger|session id|tox id|tox chat|tox.chat|jabber|whatsapp|wickr me|@onionmail|@proton|@tutanota|@tuta.|@gmail.com"
        needs = "encrypt|encript|cifrad|ciframos|secuestrad|bloquead"
        needs = "decrypt|descifra|desencripta"
    strings:
        $locked1 = /(all |your |important |company )(files|documents|data|network|servers)[^.\n]{0,80}(have been |has been |were |are |is |got )?(fully |securely )?encrypted/ nocase ascii wide
        $locked2 = /(sus|tus|todos los|todos sus|los|la|su) (archivos|documentos|datos|informaci[^a-z]{1,2}n|red|servidores|equipos)[^.\n]{0,80}(cifrad[oa]s?|encriptad[oa]s?|secuestrad[oa]s?|bloquead[oa]s?)/ nocase ascii wide
        $locked3 = /(ciframos|encriptamos|hemos (cifrado|encriptado)|we (have )?encrypted)[^.\n]{0,40}(archivos|datos|informaci|files|data|network)/ nocase ascii wide
        $chat = /(telegram|session( messenger| id)|tox (id|chat)|tox\.chat|jabber|whatsapp|wickr me|@onionmail\.org|@proton(mail)?\.(com|me)|@tuta(nota)?\.(com|io)|@gmail\.com)/ nocase ascii wide
        $key1 = /(decrypt(ion|or|er)?|descifra(r|do|dor)|desencripta(r|dor))[^\n]{0,80}(key|tool|software|program|clave|llave|herramienta|archivos|files|gratis|free)/ nocase ascii wide
        $key2 = /(clave|llave|herramienta|key|tool)[^\n]{0,40}(decrypt|descifra|desencripta)/ nocase ascii wide
        $pay = /bitcoin|\bBTC\b|\bUSDT\b|monero|\bXMR\b|rescate|ransom|pago|payment|price (depends|will)|precio/ nocase ascii wide
        $id = /(personal|unique|your|su|tu|decryption|victim|client) ?(ID|key|identificador|clave)\s{0,3}[:=]\s{0,3}[A-Z0-9-]{6,}/ nocase ascii wide
        $warn = /(do not|don't|never) (rename|modify|try to|use third|turn off|contact)|no (renombre|modifique|intente|cambie|apague|use|utilice|mueva|contacte)[^\n]{0,40}(archivo|programa|equipo|software|descifr|desencript|herramient|polic|terceros)/ nocase ascii wide
    condition:
        filesize < 64KB and any of ($locked*) and $chat and any of ($key*) and $pay and ($warn or $id)
}

rule Vigia_Ransom_Note_Stolen_Data
{
    meta:
        author = "Vigia"
        description_es = "nota que amenaza con publicar los datos robados si no se paga"
        description_en = "a note that threatens to publish stolen data unless you pay"
        reference = "https://attack.mitre.org/techniques/T1657/"
        severity = "critical"
        false_positives = "Articles about ransomware that quote a note in full."
        needs = ".onion|tor browser|torproject.org"
    strings:
        $stole1 = /(we (have )?(stole|stolen|downloaded|exfiltrated|copied)|(data|files|databases|documents)[^.\n]{0,60}(was|were|has been|have been|is|are) (also )?(stolen|downloaded|exfiltrated|copied))/ nocase ascii wide
        $stole2 = /(robamos|descargamos|extrajimos|copiamos|hemos (robado|descargado|extra[^a-z]{1,2}do|copiado))[^.\n]{0,80}(datos|archivos|informaci|base)/ nocase ascii wide
        $stole3 = /(datos|archivos|informaci[^a-z]{1,2}n)[^.\n]{0,60}(ha sido|han sido|fue|fueron) (robad|descargad|extra[^a-z]{1,2}d|copiad|exfiltrad)/ nocase ascii wide
        $threat1 = /(will|shall|going to) (be )?(publish|leak|sell|disclose|release|auction)|(published|leaked|sold|posted)[^.\n]{0,40}(blog|dark ?net|dark ?web|site|public|competitors|media)/ nocase ascii wide
        $threat2 = /(ser[^a-z]{1,2}n? publicad|publicaremos|venderemos|filtraremos|se publicar[^a-z]|ser[^a-z]{1,2}n? (vendid|filtrad))/ nocase ascii wide
        $tor = /[a-z2-7]{16,56}\.onion|Tor Browser|torproject\.org/ nocase ascii wide
        $deal = /contact us|contact the|negotiat|ransom|decrypt|bitcoin|\bBTC\b|monero|cont[^a-z]{1,2}ct[ae]nos|p[^a-z]{1,2}ngase en contacto|negocia|rescate|descifr|desencript/ nocase ascii wide
        $you = /your (company|network|files|data|servers|organization)|(su|tu) (empresa|red|negocio|compa[^a-z]{1,2}ia|organizaci|informaci|archivos|datos)/ nocase ascii wide
    condition:
        filesize < 64KB and any of ($stole*) and any of ($threat*) and $tor and $deal and $you
}

rule Vigia_Ransom_Note_Database
{
    meta:
        author = "Vigia"
        description_es = "aviso que deja quien vació una base de datos y pide dinero por devolverla"
        description_en = "a notice left by somebody who emptied a database and asks money to return it"
        reference = "https://attack.mitre.org/techniques/T1485/"
        severity = "critical"
        false_positives = "Articles that quote such a notice."
        needs = "your database|your data|your dbs|your tables|base de datos|bases de datos"
        needs = "backed up|dumped|downloaded|deleted|removed|encrypted|respaldad|borrad|descargad|eliminad|cifrad"
    strings:
        $gone1 = /(all )?your (databases?|data|dbs|tables)[^.\n]{0,60}(is|are|was|were|has been|have been) (backed up|dumped|downloaded|deleted|removed|encrypted)/ nocase ascii
        $gone2 = /(su|tu|sus|tus) bases? de datos[^.\n]{0,60}(fue|fueron|ha sido|han sido|est[^a-z]{1,2}n?) (respaldad|borrad|descargad|eliminad|cifrad)/ nocase ascii
        $pay1 = /(pay|send|transfer)[^.\n]{0,30}\d?\.?\d{1,6} ?(BTC|bitcoins?)/ nocase ascii
        $pay2 = /(pague|env[^a-z]{1,2}e|transfiera|pagar|enviar)[^.\n]{0,30}\d?\.?\d{1,6} ?(BTC|bitcoins?)/ nocase ascii
        $addr = /\bbc1[a-z0-9]{20,60}|(address|wallet|direcci.{1,2}n|monedero|cuenta|BTC to|BTC a|bitcoins? to|bitcoins? a)[^\n]{0,20}[ :=][13][a-km-zA-HJ-NP-Z1-9]{25,34}/ ascii
        $name = /README_?TO_?RECOVER|READ_?ME_?TO_?RECOVER|RECOVER_YOUR_DATA|PLEASE_READ_ME|read_me_to_recover/ nocase ascii
        $mail = /@(proton|onionmail|tuta|gmail|mailfence|cock\.|keemail|airmail|disroot|recoverme|mailtemp|sharklasers)|\.onion/ nocase ascii
    condition:
        filesize < 5MB and any of ($gone*) and any of ($pay*) and ($addr or $name) and $mail
}

rule Vigia_Ransom_Program
{
    meta:
        author = "Vigia"
        description_es = "programa con las señas de los que cifran archivos y piden rescate"
        description_en = "a program with the marks of those that encrypt files and ask for ransom"
        reference = "https://attack.mitre.org/techniques/T1486/"
        severity = "critical"
        false_positives = "Backup and encryption programs name no payment and leave the system's copies alone."
        needs = "findfirstfile|getlogicaldrive|getdrivetype|directory.getfiles|enumeratefiles"
        needs = "cryptencrypt|cryptgenrandom|bcryptencrypt|bcryptgenrandom|chacha20|salsa20|rijndaelmanaged|aescryptoserviceprovider|systemfunction036|rsacryptoserviceprovider"
        needs = "encrypted|cifrad|encriptad"
    strings:
        $walk = /FindFirstFile(Ex)?[AW]|GetLogicalDrive(s|Strings[AW])|GetDriveType[AW]|Directory\.GetFiles|EnumerateFiles/ ascii wide
        $crypt = /Crypt(Encrypt|GenRandom)|BCrypt(Encrypt|GenRandom)|ChaCha20|Salsa20|RijndaelManaged|AesCryptoServiceProvider|SystemFunction036|RSACryptoServiceProvider/ ascii wide
        $backup = /delete shadows|shadowcopy delete|recoveryenabled no|delete catalog/ nocase ascii wide
        $note1 = /(all |your |important )(files|documents|data|network)[^.\n\x00]{0,60}encrypted/ nocase ascii wide
        $note2 = /(sus|tus|todos los|los) (archivos|documentos|datos)[^.\n\x00]{0,60}(cifrad|encriptad)/ nocase ascii wide
        $pay = /bitcoin|\bBTC\b|monero|\.onion|Tor Browser|ransom|rescate/ nocase ascii wide
        $file = /(READ_?ME|RESTORE|RECOVER|DECRYPT|HOW_?TO|LEEME|LEER|RECUPERAR|INSTRUCCIONES|RESCATE)[A-Z_\-! ]{0,30}\.(txt|html?|hta)/ ascii wide
        $skip = /(bootmgr|ntuser\.dat|desktop\.ini|autorun\.inf|ntldr|boot\.ini)/ nocase ascii wide
    condition:
        uint16(0) == 0x5A4D and filesize < 20MB and $walk and $crypt and ($backup or ($skip and $file)) and any of ($note*) and $pay
}
