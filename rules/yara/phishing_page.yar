/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Phishing_Page_Bank
{
    meta:
        author = "Vigia"
        description_es = "página que finge ser un banco de México para robar claves y tokens"
        description_en = "a page that pretends to be a Mexican bank to steal passwords and tokens"
        reference = "https://attack.mitre.org/techniques/T1566/002/"
        severity = "high"
        false_positives = "The bank's own page sends the form to the bank, not to a PHP file beside it."
        needs = "<title>"
        needs = ">bbva| bbva|\tbbva|\nbbva|(bbva|-bbva|>hsbc| hsbc|\thsbc|\nhsbc|(hsbc|-hsbc|banamex|banorte|santander|scotiabank|banco azteca|bancoppel|inbursa|afirme|banregio|banbaj"
        or_needs = "banca en l|banca por internet|banca electr|banca digital"
        needs = ".php\"|.php'|.php?|.php#|.php>|.php |.php\t|.php\r|.php\n"
        max_bytes = 2097151
    strings:
        $title = /<title>(([^<]{0,80}[ \t\n(-])?(bbva|hsbc)|[^<]{0,80}(banamex|banorte|santander|scotiabank|banco azteca|bancoppel|inbursa|afirme|banregio|banbaj|banca (en l[^<]{1,8}nea|por internet|electr|digital)))/ nocase
        $action = /<form\s[^>]{0,300}action\s{0,2}=\s{0,2}["']?(\.{0,2}\/)?[\w-]{1,40}(\/[\w-]{1,40}){0,2}\.php["'?#> \t\r\n]/ nocase
        $ask1 = /(name|id|placeholder)\s{0,2}=\s{0,2}["'][^"'>]{0,20}(token|otp|clave.?din|dinamica|c[^a-z"'>]{1,8}digo)/ nocase
        $ask2 = /(name|id|placeholder)\s{0,2}=\s{0,2}["'][^"'>]{0,20}(nip\b|cvv|cvc|pin\b)/ nocase
        $ask3 = /(name|id|placeholder)\s{0,2}=\s{0,2}["'][^"'>]{0,20}(tarjeta|card|cuenta|n[^a-z"'>]{1,8}mero de cliente)/ nocase
        $ask4 = /<[Ii]nput\s[^>]{0,200}[Tt]ype\s{0,2}=\s{0,2}["']?[Pp]assword/
        $ask5 = /(name|id|placeholder)\s{0,2}=\s{0,2}["'][^"'>]{0,20}(celular|tel[^a-z"'>]{1,8}fono|correo|movil)/ nocase
    condition:
        filesize < 2MB and $title and 2 of ($ask*) and
        for any i in (1..#action): (
            for any of ($ask1, $ask2, $ask4): ($ in (@action[i]..@action[i] + 4000)))
}

rule Vigia_Phishing_Page_SAT
{
    meta:
        author = "Vigia"
        description_es = "página que finge ser el SAT para robar claves o tarjetas"
        description_en = "a page that pretends to be Mexico's tax office to steal passwords or cards"
        reference = "https://attack.mitre.org/techniques/T1566/002/"
        severity = "high"
        false_positives = "The SAT's own pages ask for no card and send nothing to a PHP file."
        needs = "tributaria|sat.gob.mx|tributario|el sat"
        max_bytes = 2097151
    strings:
        $who = /Servicio de Administraci[^<\n]{1,10}n Tributaria|sat\.gob\.mx|Buz[^<\n]{1,8}n Tributario|\b(del|el) SAT\b/ nocase
        $action = /(<form\s[^>]{0,300}action\s{0,2}=\s{0,2}["']?|\.post\(\s{0,2}["']|fetch\(\s{0,2}["'])(\.{0,2}\/)?[\w-]{1,40}(\/[\w-]{1,40}){0,2}\.php["'?#> \t\r\n]/ nocase
        $ask1 = /(name|id|placeholder)\s{0,2}=\s{0,2}["'][^"'>]{0,20}(tarjeta|card.?num|cvv|cvc|nip\b|clabe)/ nocase
        $ask2 = /(name|id|placeholder)\s{0,2}=\s{0,2}["'][^"'>]{0,20}(ciec|contrase|password)/ nocase
        $ask3 = /(name|id|placeholder)\s{0,2}=\s{0,2}["'][^"'>]{0,20}(rfc|curp)/ nocase
        $bait = /[Dd]evoluci[^<\n]{1,10}[Nn]|[Rr]eembolso|[Ss]aldo [Aa] [Ff]avor|[Aa]deudo|[Rr]equerimiento|[Mm]ulta|[Ff]actura|[Cc]onstancia|[Nn]otificaci/
    condition:
        filesize < 2MB and $who and $bait and
        for any i in (1..#action): (
            $ask1 in (@action[i]..@action[i] + 4000) or
            ($ask2 in (@action[i]..@action[i] + 4000) and $ask3 in (@action[i]..@action[i] + 4000)))
}

rule Vigia_Phishing_Page_Shop_Or_Parcel
{
    meta:
        author = "Vigia"
        description_es = "página que finge ser una tienda o paquetería para robar tarjetas"
        description_en = "a page that pretends to be a shop or a parcel service to steal cards"
        reference = "https://attack.mitre.org/techniques/T1566/002/"
        severity = "high"
        false_positives = "A small shop's own checkout that names a parcel service in its title."
        needs = "<title>"
        needs = ".php\"|.php'|.php?|.php#|.php>|.php |.php\t|.php\r|.php\n"
        needs = "tarjeta|cardnum|card num|card-num|card_num|card.num|ccnum|cc-num|cc_num|cc num"
        needs = "suspendid|suspended|verific|actualiz|update|confirm|reprogram|entrega|delivery|aduana|customs"
        or_needs = "reembolso|refund|pendiente|pending|bloquead"
        max_bytes = 2097151
    strings:
        $title = /<title>[^<]{0,60}(mercado ?(libre|pago)|amazon|coppel|liverpool|walmart|aliexpress|shein|estafeta|dhl|fedex|correos de m|redpack|netflix|paypal|telcel|\bcfe\b|oxxo|\bups\b)/ nocase
        $action = /(<form\s[^>]{0,300}action\s{0,2}=\s{0,2}["']?|\.post\(\s{0,2}["']|fetch\(\s{0,2}["'])(\.{0,2}\/)?[\w-]{1,40}(\/[\w-]{1,40}){0,2}\.php["'?#> \t\r\n]/ nocase
        $card = /(name|id|placeholder)\s{0,2}=\s{0,2}["'][^"'>]{0,20}(tarjeta|card[ _.-]?num|cc[ _-]?num|n[^a-z"'>]{1,8}mero de tarjeta)/ nocase
        $code = /(name|id|placeholder)\s{0,2}=\s{0,2}["'][^"'>]{0,20}(cvv|cvc|csc|nip\b|c[^a-z"'>]{1,8}digo de seguridad)/ nocase
        $bait = /[Ss]uspendid|[Ss]uspended|[Vv]erific|[Aa]ctualiz|[Uu]pdate|[Cc]onfirm|[Rr]eprogram|[Ee]ntrega|[Dd]elivery|[Aa]duana|[Cc]ustoms|[Rr]eembolso|[Rr]efund|[Pp]endiente|[Pp]ending|[Bb]loquead/
    condition:
        filesize < 2MB and all of them
}

rule Vigia_Phishing_Kit_Keeps_Scanners_Out
{
    meta:
        author = "Vigia"
        description_es = "parte de una página falsa: deja fuera a los buscadores que la denunciarían"
        description_en = "part of a false page: it keeps out the scanners that would report it"
        reference = "https://attack.mitre.org/techniques/T1480/"
        severity = "high"
        false_positives = "Lists of robots in security plug-ins block spam, not the services that report phishing."
        needs = "phishtank"
        needs = "netcraft|safebrowsing|virustotal|kaspersky|bitdefender|messagelabs|fortinet|cloudmark|openphish"
        needs = "remote_addr|http_user_agent|gethostbyaddr"
        max_bytes = 511999
    strings:
        $php = /<\?(php|=|\s)/ nocase
        $list = "phishtank" nocase
        $list2 = /[Nn]etcraft|[Ss]afebrowsing|[Vv]irustotal|[Kk]aspersky|[Bb]itdefender|[Mm]essagelabs|[Ff]ortinet|[Cc]loudmark|[Oo]penphish/
        $look = /REMOTE_ADDR|HTTP_USER_AGENT|gethostbyaddr/
        $away = /header\s{0,2}\(\s{0,2}['"](HTTP\/1\.[01] 40[34]|Location:)|die\s{0,2}\(|exit\s{0,2}[(;]/ nocase
        $match = /strpos|stripos|preg_match|in_array|substr_count|stristr/
    condition:
        filesize < 500KB and all of them
}

rule Vigia_Phishing_Kit_Login_Copy
{
    meta:
        author = "Vigia"
        description_es = "copia de la entrada a un correo que manda la contraseña a otro servidor"
        description_en = "a copy of a mail sign-in that sends the password to another server"
        reference = "https://attack.mitre.org/techniques/T1566/001/"
        severity = "high"
        false_positives = "Sign-in pages of the mail service itself send the form to their own address."
        needs = "aadcdn.ms|logincdn.ms|microsoft|outlook|google|icloud|webmail|roundcube|office"
        needs = "password"
        needs = ".php\"|.php'|.php`|.php?|.php#|.php>|.php |.php\t|.php\r|.php\n|ahr0c"
        max_bytes = 3145727
    strings:
        $look = /aadcdn\.ms(ft)?auth\.net|logincdn\.ms(ft)?auth\.net|(sign in|inicia(r)? sesi[^<\n]{1,8}n)[^<\n]{0,40}(microsoft|outlook|office|google|icloud|webmail)|(microsoft|outlook|office ?365|webmail|roundcube)[^<\n]{0,40}(sign in|log ?in|inicia)/ nocase
        $pass = /<[Ii]nput\s[^>]{0,200}[Tt]ype\s{0,2}=\s{0,2}["']?[Pp]assword/
        $send1 = /<[Ff]orm\s[^>]{0,300}[Aa]ction\s{0,2}=\s{0,2}["'][Hh]ttps?:\/\/[^"'>]{4,200}\.[Pp]hp["'`?#> \t\r\n]/
        $send2 = /(\$\.(ajax|post)|fetch|\.open)\s{0,2}\([^;]{0,120}["'`]https?:\/\/[^"'`\n]{4,200}\.php["'`?#> \t\r\n]/ nocase
        $send3 = /(url|action|api|post_?url|link)\s{0,2}[:=]\s{0,2}(window\.)?atob\s{0,2}\(\s{0,2}["']aHR0c/ nocase
        $mail = /([Ll]ocation\.([Hh]ash|[Ss]earch)|[Ww]indow\.[Ll]ocation\.[Hh]ash|#[Ee]mail|\b[Ee]mail\s{0,2}=\s{0,2}["'][^"'\n]{3,60}@|[Aa]tob\()/
    condition:
        filesize < 3MB and $look and $pass and (($mail and any of ($send1, $send2)) or $send3)
}
