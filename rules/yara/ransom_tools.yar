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
        max_bytes = 20971519
    strings:
        $a1 = /[Vv]ssadmin(\.[Ee]xe)?["']?,?\s{1,3}["']?[Dd]elete [Ss]hadows[^\n]{0,40}\/([Aa]ll|[Qq]uiet)/
        $a2 = /[Ss]hadowcopy["',\s]{1,4}([Ww]here [^\n]{1,40})?\/?([Dd]elete|[Nn]ointeractive)|[Ww]in32_[Ss]hadowcopy[^\n]{0,60}(\.[Dd]elete|[Rr]emove-)/
        $a3 = /[Rr]esize\s{1,3}[Ss]hadowstorage[^\n]{1,60}[Mm]axsize=\s?(401|[Uu]nbounded)/
        $b1 = /[Ww]badmin(\.[Ee]xe)?\s{1,3}[Dd]elete ([Cc]atalog|[Ss]ystemstatebackup)/
        $b2 = /[Bb]cdedit[^\n]{1,60}[Rr]ecoveryenabled["',\s]{1,4}([Nn]o|[Oo]ff)/
        $b3 = /[Bb]cdedit[^\n]{1,60}[Bb]ootstatuspolicy["',\s]{1,4}[Ii]gnoreallfailures/
        $c1 = /[Ww]evtutil(\.[Ee]xe)?\s{1,3}[Cc]l\s/
        $c2 = /[Ff]sutil(\.[Ee]xe)?\s{1,3}[Uu]sn\s{1,3}[Dd]eletejournal/
        $c3 = /[Nn]et(\.[Ee]xe)?\s{1,3}[Ss]top\s{1,3}["']?([Vv]ss|[Mm]ssqlserver|[Vv]eeam|[Ss]qlwriter|[Mm]ssql\$|[Bb]ackupexec)/
        $c4 = /[Tt]askkill[^\n]{1,60}([Ss]qlservr|[Ss]qlwriter|[Oo]utlook|[Ee]xcel|[Ww]inword|[Mm]ysqld)/
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
        max_bytes = 65535
    strings:
        $locked1 = /([Aa]ll |[Yy]our |[Ii]mportant |[Cc]ompany )([Ff]iles|[Dd]ocuments|[Dd]ata|[Nn]etwork|[Ss]ervers)[^.\n]{0,80}([Hh]ave [Bb]een |[Hh]as [Bb]een |[Ww]ere |[Aa]re |[Ii]s |[Gg]ot )?([Ff]ully |[Ss]ecurely )?[Ee]ncrypted/
        $locked2 = /([Ss]us|[Tt]us|[Tt]odos [Ll]os|[Tt]odos [Ss]us|[Ll]os|[Ll]a|[Ss]u) ([Aa]rchivos|[Dd]ocumentos|[Dd]atos|[Ii]nformaci[^a-zA-Z]{1,2}[Nn]|[Rr]ed|[Ss]ervidores|[Ee]quipos)[^.\n]{0,80}([Cc]ifrad[oa][Ss]?|[Ee]ncriptad[oa][Ss]?|[Ss]ecuestrad[oa][Ss]?|[Bb]loquead[oa][Ss]?)/
        $locked3 = /([Cc]iframos|[Ee]ncriptamos|[Hh]emos ([Cc]ifrado|[Ee]ncriptado)|[Ww]e ([Hh]ave )?[Ee]ncrypted)[^.\n]{0,40}([Aa]rchivos|[Dd]atos|[Ii]nformaci|[Ff]iles|[Dd]ata|[Nn]etwork)/
        $chat = /([Tt]elegram|[Ss]ession( [Mm]essenger| [Ii]d)|[Tt]ox ([Ii]d|[Cc]hat)|[Tt]ox\.[Cc]hat|[Jj]abber|[Ww]hatsapp|[Ww]ickr [Mm]e|@[Oo]nionmail\.[Oo]rg|@[Pp]roton([Mm]ail)?\.([Cc]om|[Mm]e)|@[Tt]uta([Nn]ota)?\.([Cc]om|[Ii]o)|@[Gg]mail\.[Cc]om)/
        $key1 = /([Dd]ecrypt([Ii]on|[Oo]r|[Ee]r)?|[Dd]escifra([Rr]|[Dd]o|[Dd]or)|[Dd]esencripta([Rr]|[Dd]or))[^\n]{0,80}([Kk]ey|[Tt]ool|[Ss]oftware|[Pp]rogram|[Cc]lave|[Ll]lave|[Hh]erramienta|[Aa]rchivos|[Ff]iles|[Gg]ratis|[Ff]ree)/
        $key2 = /([Cc]lave|[Ll]lave|[Hh]erramienta|[Kk]ey|[Tt]ool)[^\n]{0,40}([Dd]ecrypt|[Dd]escifra|[Dd]esencripta)/
        $pay = /bitcoin|\bBTC\b|\bUSDT\b|monero|\bXMR\b|rescate|ransom|pago|payment|price (depends|will)|precio/ nocase
        $id = /([Pp]ersonal|[Uu]nique|[Yy]our|[Ss]u|[Tt]u|[Dd]ecryption|[Vv]ictim|[Cc]lient) ?([Ii][Dd]|[Kk]ey|[Ii]dentificador|[Cc]lave)\s{0,3}[:=]\s{0,3}[A-Z0-9-]{6,}/
        $warn = /([Dd]o [Nn]ot|[Dd]on'[Tt]|[Nn]ever) ([Rr]ename|[Mm]odify|[Tt]ry [Tt]o|[Uu]se [Tt]hird|[Tt]urn [Oo]ff|[Cc]ontact)|[Nn]o ([Rr]enombre|[Mm]odifique|[Ii]ntente|[Cc]ambie|[Aa]pague|[Uu]se|[Uu]tilice|[Mm]ueva|[Cc]ontacte)[^\n]{0,40}([Aa]rchivo|[Pp]rograma|[Ee]quipo|[Ss]oftware|[Dd]escifr|[Dd]esencript|[Hh]erramient|[Pp]olic|[Tt]erceros)/
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
        max_bytes = 65535
    strings:
        $stole1 = /([Ww]e ([Hh]ave )?([Ss]tole|[Ss]tolen|[Dd]ownloaded|[Ee]xfiltrated|[Cc]opied)|([Dd]ata|[Ff]iles|[Dd]atabases|[Dd]ocuments)[^.\n]{0,60}([Ww]as|[Ww]ere|[Hh]as [Bb]een|[Hh]ave [Bb]een|[Ii]s|[Aa]re) ([Aa]lso )?([Ss]tolen|[Dd]ownloaded|[Ee]xfiltrated|[Cc]opied))/
        $stole2 = /([Rr]obamos|[Dd]escargamos|[Ee]xtrajimos|[Cc]opiamos|[Hh]emos ([Rr]obado|[Dd]escargado|[Ee]xtra[^a-zA-Z]{1,2}[Dd]o|[Cc]opiado))[^.\n]{0,80}([Dd]atos|[Aa]rchivos|[Ii]nformaci|[Bb]ase)/
        $stole3 = /([Dd]atos|[Aa]rchivos|[Ii]nformaci[^a-zA-Z]{1,2}[Nn])[^.\n]{0,60}([Hh]a [Ss]ido|[Hh]an [Ss]ido|[Ff]ue|[Ff]ueron) ([Rr]obad|[Dd]escargad|[Ee]xtra[^a-zA-Z]{1,2}[Dd]|[Cc]opiad|[Ee]xfiltrad)/
        $threat1 = /([Ww]ill|[Ss]hall|[Gg]oing [Tt]o) ([Bb]e )?([Pp]ublish|[Ll]eak|[Ss]ell|[Dd]isclose|[Rr]elease|[Aa]uction)|([Pp]ublished|[Ll]eaked|[Ss]old|[Pp]osted)[^.\n]{0,40}([Bb]log|[Dd]ark ?[Nn]et|[Dd]ark ?[Ww]eb|[Ss]ite|[Pp]ublic|[Cc]ompetitors|[Mm]edia)/
        $threat2 = /([Ss]er[^a-zA-Z]{1,2}[Nn]? [Pp]ublicad|[Pp]ublicaremos|[Vv]enderemos|[Ff]iltraremos|[Ss]e [Pp]ublicar[^a-zA-Z]|[Ss]er[^a-zA-Z]{1,2}[Nn]? ([Vv]endid|[Ff]iltrad))/
        $tor = /[a-zA-Z2-7]{16,56}\.[Oo]nion|[Tt]or [Bb]rowser|[Tt]orproject\.[Oo]rg/
        $deal = /contact us|contact the|negotiat|ransom|decrypt|bitcoin|\bBTC\b|monero|cont[^a-z]{1,2}ct[ae]nos|p[^a-z]{1,2}ngase en contacto|negocia|rescate|descifr|desencript/ nocase
        $you = /[Yy]our ([Cc]ompany|[Nn]etwork|[Ff]iles|[Dd]ata|[Ss]ervers|[Oo]rganization)|([Ss]u|[Tt]u) ([Ee]mpresa|[Rr]ed|[Nn]egocio|[Cc]ompa[^a-zA-Z]{1,2}[Ii]a|[Oo]rganizaci|[Ii]nformaci|[Aa]rchivos|[Dd]atos)/
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
        max_bytes = 5242879
    strings:
        $gone1 = /([Aa]ll )?[Yy]our ([Dd]atabases?|[Dd]ata|[Dd]bs|[Tt]ables)[^.\n]{0,60}([Ii]s|[Aa]re|[Ww]as|[Ww]ere|[Hh]as [Bb]een|[Hh]ave [Bb]een) ([Bb]acked [Uu]p|[Dd]umped|[Dd]ownloaded|[Dd]eleted|[Rr]emoved|[Ee]ncrypted)/ ascii
        $gone2 = /([Ss]u|[Tt]u|[Ss]us|[Tt]us) [Bb]ases? [Dd]e [Dd]atos[^.\n]{0,60}([Ff]ue|[Ff]ueron|[Hh]a [Ss]ido|[Hh]an [Ss]ido|[Ee]st[^a-zA-Z]{1,2}[Nn]?) ([Rr]espaldad|[Bb]orrad|[Dd]escargad|[Ee]liminad|[Cc]ifrad)/ ascii
        $pay1 = /([Pp]ay|[Ss]end|[Tt]ransfer)[^.\n]{0,30}\d?\.?\d{1,6} ?([Bb][Tt][Cc]|[Bb]itcoins?)/ ascii
        $pay2 = /([Pp]ague|[Ee]nv[^a-zA-Z]{1,2}[Ee]|[Tt]ransfiera|[Pp]agar|[Ee]nviar)[^.\n]{0,30}\d?\.?\d{1,6} ?([Bb][Tt][Cc]|[Bb]itcoins?)/ ascii
        $addr = /\bbc1[a-z0-9]{20,60}|(address|wallet|direcci.{1,2}n|monedero|cuenta|BTC to|BTC a|bitcoins? to|bitcoins? a)[^\n]{0,20}[ :=][13][a-km-zA-HJ-NP-Z1-9]{25,34}/ ascii
        $name = /README_?TO_?RECOVER|READ_?ME_?TO_?RECOVER|RECOVER_YOUR_DATA|PLEASE_READ_ME|read_me_to_recover/ nocase ascii
        $mail = /@([Pp]roton|[Oo]nionmail|[Tt]uta|[Gg]mail|[Mm]ailfence|[Cc]ock\.|[Kk]eemail|[Aa]irmail|[Dd]isroot|[Rr]ecoverme|[Mm]ailtemp|[Ss]harklasers)|\.[Oo]nion/ ascii
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
        needs = "bitcoin|monero|.onion|tor browser|ransom|rescate"
    strings:
        $walk = /FindFirstFile(Ex)?[AW]|GetLogicalDrive(s|Strings[AW])|GetDriveType[AW]|Directory\.GetFiles|EnumerateFiles/ ascii wide
        $crypt = /Crypt(Encrypt|GenRandom)|BCrypt(Encrypt|GenRandom)|ChaCha20|Salsa20|RijndaelManaged|AesCryptoServiceProvider|SystemFunction036|RSACryptoServiceProvider/ ascii wide
        $backup = /[Dd]elete [Ss]hadows|[Ss]hadowcopy [Dd]elete|[Rr]ecoveryenabled [Nn]o|[Dd]elete [Cc]atalog/ ascii wide
        $note1 = /([Aa]ll |[Yy]our |[Ii]mportant )([Ff]iles|[Dd]ocuments|[Dd]ata|[Nn]etwork)[^.\n\x00]{0,60}[Ee]ncrypted/ ascii wide
        $note2 = /([Ss]us|[Tt]us|[Tt]odos [Ll]os|[Ll]os) ([Aa]rchivos|[Dd]ocumentos|[Dd]atos)[^.\n\x00]{0,60}([Cc]ifrad|[Ee]ncriptad)/ ascii wide
        $pay = /bitcoin|monero|\.onion|Tor Browser|ransom|rescate/ nocase ascii wide
        $file = /(READ_?ME|RESTORE|RECOVER|DECRYPT|HOW_?TO|LEEME|LEER|RECUPERAR|INSTRUCCIONES|RESCATE)[A-Z_\-! ]{0,30}\.(txt|html?|hta)/ ascii wide
        $skip = /([Bb]ootmgr|[Nn]tuser\.[Dd]at|[Dd]esktop\.[Ii]ni|[Aa]utorun\.[Ii]nf|[Nn]tldr|[Bb]oot\.[Ii]ni)/ ascii wide
    condition:
        uint16(0) == 0x5A4D and filesize < 20MB and $walk and $crypt and ($backup or ($skip and $file)) and any of ($note*) and $pay
}
