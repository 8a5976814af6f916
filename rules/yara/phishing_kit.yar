/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Phishing_Kit
{
    meta:
        author = "Vigia"
        description_es = "página que finge ser un banco o un servicio para robar claves y tarjetas"
        description_en = "a page that pretends to be a bank or a service to steal passwords and cards"
        reference = "https://attack.mitre.org/techniques/T1566/"
        severity = "high"
        false_positives = "A contact form that mails many private fields; it should not ask for them."
        needs = "<?php"
        needs = "$_post"
        max_bytes = 511999
    strings:
        $php = "<?php" nocase
        $take1 = /\$_POST\s*\[\s*['"](pass|passwd|password|contrase|clave|nip|pin|token|otp|sms|codigo|dinamica)\w{0,12}['"]/ nocase
        $take2 = /\$_POST\s*\[\s*['"](card|cc|tarjeta|cvv|cvc|expir|vencim|fullz)\w{0,12}['"]/ nocase
        $take3 = /\$_POST\s*\[\s*['"](user|usuario|email|correo|login|curp|rfc|celular)\w{0,12}['"]/ nocase
        $send1 = /api\.telegram\.org\/bot/ nocase
        $send2 = /@?mail\s*\(\s*\$(to|send|email|recipient|correo|yourmail|destino)\w{0,12}\s*,/ nocase
        $send3 = /(fwrite|file_put_contents)\s*\([^;]{0,120}(result|log|victim|datos|rezult|vic)\w{0,12}\.(txt|html)/ nocase
        $who1 = "REMOTE_ADDR"
        $who2 = "HTTP_USER_AGENT"
        $who3 = /geoplugin|ip-api\.com|ipinfo\.io/ nocase
        $who4 = /gethostbyaddr\s*\(/ nocase
        $brand1 = /bbva|banorte|banamex|santander|hsbc|scotiabank|banco azteca|bancoppel|inbursa|afirme|mercado ?pago|spei|oxxo|coppel|sat\.gob|netflix|paypal|office ?365|outlook|microsoft|dhl|correos|amazon/ nocase
        $go1 = /header\s*\(\s*['"]Location:\s*(https?:|\.{0,2}\/?\w)/ nocase
    condition:
        filesize < 500KB and $php and 2 of ($take*) and any of ($send*) and any of ($who*) and $brand1 and
        ($go1 or $send1)
}
