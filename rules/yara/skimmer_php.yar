/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Card_Skimmer_PHP
{
    meta:
        author = "Vigia"
        description_es = "código del servidor que guarda o envía a escondidas las tarjetas de los clientes"
        description_en = "server code that secretly stores or sends the cards of customers"
        reference = "https://attack.mitre.org/techniques/T1056/"
        severity = "critical"
        false_positives = "A gateway module under development that writes card fields to a file; it must not do that either."
        needs = "<?php"
        needs = "$_post|$_request|getpost"
        max_bytes = 2097151
    strings:
        $php = "<?php" nocase
        $card1 = /\$_(POST|REQUEST)\s*\[\s*['"](payment|billing|wc-[a-z-]{1,30})['"]\s*\]\s*\[\s*['"](cc_number|cc_cid|card_number|cvv|cvc)/ nocase
        $card2 = /\$_(POST|REQUEST)\s*\[\s*['"](cc_number|cc_cid|card_number|cardnumber|cvv|cvc|card-cvc|numero_tarjeta|[a-z_-]{1,30}-card-(number|cvc))['"]/ nocase
        $card3 = /getPost\s*\(\s*['"]payment['"]/ nocase
        $hide1 = /file_put_contents\s*\([^;]{0,160}\.(jpe?g|png|gif|ico|css|svg)['"]/ nocase
        $hide2 = /fopen\s*\([^;]{0,160}\.(jpe?g|png|gif|ico|css|svg)['"]\s*,\s*['"]a/ nocase
        $send1 = /@?mail\s*\([^;]{0,200}(base64_encode|cc_number|card_number|cvv)/ nocase
        $send2 = /(file_get_contents|curl_init|curl_setopt)\s*\([^;]{0,300}base64_encode\s*\(/ nocase
        $send3 = /base64_decode\s*\(\s*['"]aHR0c[A-Za-z0-9+\/=]{8,200}['"]/
        $send4 = "openssl_public_encrypt" nocase
    condition:
        filesize < 2MB and $php and any of ($card*) and (any of ($hide*) or any of ($send*))
}
