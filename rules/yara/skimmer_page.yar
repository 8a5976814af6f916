/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Skimmer_Picture_Handler
{
    meta:
        author = "Vigia"
        description_es = "una imagen de la tienda que lleva escondido un programa que roba tarjetas"
        description_en = "a picture of the shop with a hidden program that steals cards"
        reference = "https://attack.mitre.org/techniques/T1027/"
        severity = "high"
        false_positives = "Test pages of web security scanners."
        needs = "onerror|onload"
        needs = "eval(atob|function(atob|eval(string.fromcharcode|eval(decodeuricomponent|eval(unescape|function(string.fromcharcode|function(decodeuricomponent|function(unescape"
        max_bytes = 3145727
    strings:
        $img = /<(img|svg|link|object|style)\s[^>]{0,400}on(error|load)\s{0,2}=\s{0,2}\\?["']?[^>]{0,120}(eval|Function)\((atob|String\.fromCharCode|decodeURIComponent|unescape)\s{0,2}\(/ nocase
    condition:
        filesize < 3MB and $img
}

rule Vigia_Skimmer_Socket
{
    meta:
        author = "Vigia"
        description_es = "página de pago que abre una conexión escondida y ejecuta lo que le manden"
        description_en = "a checkout page that opens a hidden connection and runs what it is sent"
        reference = "https://attack.mitre.org/techniques/T1059/007/"
        severity = "critical"
        false_positives = "None known: chats and live prices do not hide the address nor run what they receive."
        needs = "websocket"
        needs = "checkout|onepage|finalizar-compra|carrito|/pagar|payment"
        max_bytes = 3145727
    strings:
        $socket1 = /new\s{1,3}WebSocket\s{0,2}\(\s{0,2}(window\.)?atob\s{0,2}\(/
        $socket2 = /new\s{1,3}WebSocket\s{0,2}\(\s{0,2}String\.fromCharCode\s{0,2}\(/
        $socket3 = /new\s{1,3}WebSocket\s{0,2}\(/
        $run = /(onmessage|['"]message['"])[^;]{0,120}(eval|new\s{1,3}Function|Function)\s{0,2}\(\s{0,2}(\w{1,16}\.data|atob)/
        $page = /[Ll]ocation(\.[Hh]ref|\.[Pp]athname)?[^;\n]{0,60}([Cc]heckout|[Oo]nepage|[Ff]inalizar-[Cc]ompra|[Cc]arrito|\/[Pp]agar|[Pp]ayment)/
    condition:
        filesize < 3MB and $page and (any of ($socket1, $socket2) or ($socket3 and $run))
}

rule Vigia_Skimmer_Fake_Tag_Manager
{
    meta:
        author = "Vigia"
        description_es = "código que se disfraza de estadística de Google o Facebook y carga otro a escondidas"
        description_en = "code that poses as Google or Facebook statistics and loads other code in secret"
        reference = "https://attack.mitre.org/techniques/T1036/"
        severity = "critical"
        false_positives = "None known: the true tag managers name their address in clear text."
        needs = "gtm.start|googletagmanager|google-analytics|fbevents|fbq('|fbq(\""
        needs = "checkout|onepage|finalizar-compra|y2hly2tvdxq|carrito"
        max_bytes = 1048575
    strings:
        $tag = /gtm\.start|googletagmanager|google-analytics|fbevents|fbq\(['"]/
        $hidden1 = /\.src\s{0,2}=\s{0,2}(['"]https?:\/\/['"]\s{0,2}\+\s{0,2})?(window\.)?atob\s{0,2}\(/
        $hidden2 = /\(\s{0,2}(window,\s{0,2}document,\s{0,2})?['"]script['"]\s{0,2},[^)]{0,160}(window\.)?atob\s{0,2}\(\s{0,2}['"]/
        $hidden3 = /\.src\s{0,2}=\s{0,2}String\.fromCharCode\s{0,2}\(/
        $page1 = /([Ii]ndex[Oo]f|[Ii]ncludes|[Tt]est|[Mm]atch|[Ss]earch)\s{0,2}\(\s{0,2}['"\/]?\w{0,20}[\/\\]{0,3}([Cc]heckout|[Oo]nepage|[Ff]inalizar-[Cc]ompra|[Cc]arrito)/
        $page2 = "Y2hlY2tvdXQ" ascii /* checkout in Base64 */
        $page3 = /[Ll]ocation(\.[Hh]ref|\.[Pp]athname)?[^;\n]{0,40}([Cc]heckout|[Oo]nepage|[Ff]inalizar-[Cc]ompra|[Cc]arrito)/
    condition:
        filesize < 1MB and $tag and any of ($hidden*) and any of ($page*)
}

rule Vigia_Skimmer_Fake_Form
{
    meta:
        author = "Vigia"
        description_es = "página de pago con un formulario falso encima del verdadero"
        description_en = "a checkout page with a false form over the true one"
        reference = "https://attack.mitre.org/techniques/T1056/003/"
        severity = "critical"
        false_positives = "A payment module that draws its own form sends it to the gateway named in its settings, not through a picture or in Base64."
        needs = "display"
        needs = "innerhtml|insertadjacenthtml|.html(|.after(|.append("
        needs = "cc-number|ccnumber|card_number|cardnumber|card-number|numero de tarjeta"
        max_bytes = 3145727
    strings:
        $off = /([Ss]tripe|[Pp]aypal|[Mm]ercadopago|[Mm]ercado-[Pp]ago|[Cc]onekta|[Oo]penpay|[Bb]raintree|[Pp]ayment[_-][Mm]ethod|[Aa]dyen)[^\n;]{0,160}\.[Ss]tyle\.[Dd]isplay\s{0,2}=\s{0,2}['"][Nn]one['"]/
        $form = /(innerHTML\s{0,2}\+?=|insertAdjacentHTML\(|\.html\(|\.after\(|\.append\()[^\n]{0,600}<input[^>\n]{0,160}(cc-?number|card[_-]?number|numero de tarjeta)/ nocase
        $code = /<[Ii]nput[^>\n]{0,160}([Cc]vv|[Cc]vc|[Cc]c-?[Cc]sc|[Ss]ecurity.?[Cc]ode|[Cc]odigo [Dd]e [Ss]eguridad)/
        $send1 = /btoa\s{0,2}\(\s{0,2}(JSON\.stringify|encodeURIComponent|unescape|data|d\b|j\b)/
        $send2 = /new Image\s{0,2}(\(\s{0,2}\))?[^\n]{0,120}\.src\s{0,2}=/
        $send3 = /sendBeacon\s{0,2}\(/
    condition:
        filesize < 3MB and all of ($off, $form, $code) and any of ($send*)
}

rule Vigia_Skimmer_Escaped_Words
{
    meta:
        author = "Vigia"
        description_es = "código de tienda con las palabras de pago escritas en clave para que nadie las vea"
        description_en = "shop code whose payment words are written in escapes so that nobody sees them"
        reference = "https://attack.mitre.org/techniques/T1027/"
        severity = "high"
        false_positives = "None known: packers leave such words readable or pack the whole program."
        needs = "\\x63\\x68\\x65\\x63\\x6b\\x6f\\x75\\x74|tuokcehc|y2hly2tvdxq|\\u0063\\u0068\\u0065\\u0063\\u006b"
        needs = "\\x63\\x61\\x72\\x64|\\x63\\x63\\x5f|\\x63\\x76\\x76|\\x63\\x76\\x63|rebmun_cc|rebmundrac|y2nfbnvtymvy|y2fyzf9udw1izxi|\\u0063\\u0061\\u0072\\u0064|\\x70\\x61\\x79\\x6d\\x65\\x6e\\x74"
        max_bytes = 3145727
    strings:
        $out1 = "\\x63\\x68\\x65\\x63\\x6b\\x6f\\x75\\x74" nocase
        $out2 = "tuokcehc" nocase
        $out3 = "Y2hlY2tvdXQ" ascii
        $out4 = "\\u0063\\u0068\\u0065\\u0063\\u006b" nocase
        $card1 = "\\x63\\x61\\x72\\x64" nocase
        $card2 = "\\x63\\x63\\x5f" nocase
        $card3 = "\\x63\\x76\\x76" nocase
        $card4 = "\\x63\\x76\\x63" nocase
        $card5 = "rebmun_cc" nocase
        $card6 = "rebmundrac" nocase
        $card7 = "Y2NfbnVtYmVy" ascii
        $card8 = "Y2FyZF9udW1iZXI" ascii
        $card9 = "\\u0063\\u0061\\u0072\\u0064" nocase
        $card10 = "\\x70\\x61\\x79\\x6d\\x65\\x6e\\x74" nocase
    condition:
        filesize < 3MB and any of ($out*) and any of ($card*)
}

rule Vigia_Skimmer_Field_Collector
{
    meta:
        author = "Vigia"
        description_es = "código que junta todo lo que se escribe al pagar y lo manda a otro lado"
        description_en = "code that gathers all that is typed at the checkout and sends it elsewhere"
        reference = "https://attack.mitre.org/techniques/T1056/003/"
        severity = "high"
        false_positives = "Session recorders gather fields too, but mask card fields and do not remember what was sent in a cookie of their own."
        needs = "queryselectorall|getelementsbytagname|serialize"
        needs = "card_number|cardnumber|cc_number|card-number|cc-number|ccnumber|numero_tarjeta"
        max_bytes = 1048575
    strings:
        $fields = /(querySelectorAll|getElementsByTagName)\s{0,2}\(\s{0,2}['"](input|input, ?select|input, ?select, ?textarea|form input)[^)\n]{0,60}\)/
        $fields2 = /jQuery\([^)\n]{0,60}\)\.serialize(Array)?\(\)|\$\([^)\n]{0,60}\)\.serialize(Array)?\(\)/
        $card = /([Cc]c|[Cc]ard)[_-]?[Nn]umber|[Nn]umero_[Tt]arjeta/
        $cvv = /[Cc]vv|[Cc]vc|[Cc]c_[Cc]id|[Cc]c-[Cc]sc|[Ss]ecurity_[Cc]ode/
        $trigger = /addEventListener\s{0,2}\(\s{0,2}['"](click|mousedown|submit|blur|change|mouseover|beforeunload)['"]|setInterval\s{0,2}\(/
        $away1 = /(fetch|\.open|\.ajax|\.post|sendBeacon)\s{0,2}\([^\n]{0,80}['"]https?:\/\/[^'"\n\/]{3,80}\/[^'"\n]{0,80}(\.php|gate|collect|\.gif|\.png)/
        $away2 = /\.src\s{0,2}=\s{0,2}['"]https?:\/\/[^'"\n]{3,100}\?[^'"\n]{0,40}['"]\s{0,2}\+\s{0,2}(btoa|encodeURIComponent|window\.btoa)/
        $away3 = "api.telegram.org/bot" ascii
        $code = /btoa\s{0,2}\(\s{0,2}(unescape|encodeURIComponent|JSON\.stringify)/
    condition:
        filesize < 1MB and any of ($fields*) and $card and $cvv and $trigger and ($away2 or $away3 or ($away1 and $code))
}
