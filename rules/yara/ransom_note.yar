/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Ransom_Note
{
    meta:
        author = "Vigia"
        description_es = "nota de rescate: alguien cifró archivos y pide dinero"
        description_en = "a ransom note: somebody encrypted files and asks for money"
        reference = "https://attack.mitre.org/techniques/T1486/"
        severity = "critical"
        false_positives = "Articles about ransomware that quote a note in full."
        needs = ".onion|tor browser|torproject.org|@proton|@tutanota|@tuta.io|@onionmail|@cock.li|@aol.com|@mailfence"
        needs = "encrypted|locked|stolen|cifrados|encriptados|bloqueados|robados"
        max_bytes = 102399
    strings:
        $locked1 = /(all |your |important )(files|documents|data|network)[^.\n]{0,60}(have been |has been |were |are |is )(encrypted|locked|stolen)/ nocase ascii wide
        $locked2 = /(sus|tus|todos los|los) (archivos|documentos|datos)[^.\n]{0,60}(han sido|fueron|est[^a-z]{1,2}n) (cifrados|encriptados|bloqueados|robados)/ nocase ascii wide
        $pay1 = "bitcoin" nocase ascii wide
        $pay2 = "monero" nocase ascii wide
        $pay3 = /\bBTC\b/ ascii wide
        $pay4 = "rescate" nocase ascii wide
        $pay5 = "ransom" nocase ascii wide
        $help1 = /decrypt(ion|or)?\b/ nocase ascii wide
        $help2 = /descifra(r|do|dor)|desencripta(r|dor)/ nocase ascii wide
        $help3 = /(recover|restore) (all )?(your|the) (files|data)/ nocase ascii wide
        $help4 = /recuperar (sus|tus|los) (archivos|datos)/ nocase ascii wide
        $where1 = /[a-z2-7]{16,56}\.onion/ nocase ascii wide
        $where2 = "Tor Browser" nocase ascii wide
        $where3 = "torproject.org" nocase ascii wide
        $where4 = /[\w.+-]{3,40}@(proton(mail)?\.(com|me)|tutanota\.com|tuta\.io|onionmail\.org|cock\.li|aol\.com|mailfence\.com)/ nocase ascii wide
        $id1 = /(personal|unique|your|su|tu|decryption) (ID|key|identificador|clave)\s*[:=]/ nocase ascii wide
        $threat1 = /(do not|don't|never) (rename|modify|try to)/ nocase ascii wide
        $threat2 = /no (renombre|modifique|intente|cambie)/ nocase ascii wide
    condition:
        filesize < 100KB and any of ($locked*) and any of ($pay*) and any of ($help*) and any of ($where*) and
        ($id1 or any of ($threat*))
}
