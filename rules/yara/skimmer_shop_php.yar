/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Skimmer_Magento_Server
{
    meta:
        author = "Vigia"
        description_es = "código en la tienda Magento que guarda o envía a escondidas las tarjetas"
        description_en = "code in a Magento shop that secretly stores or sends the cards"
        reference = "https://attack.mitre.org/techniques/T1056/003/"
        severity = "critical"
        false_positives = "None known: payment modules pass a card on to the gateway, they never write it to a picture or mail it."
        needs = "getccnumber|cc_number"
        needs = "getcccid|cc_cid"
        max_bytes = 1048575
    strings:
        $magento1 = "Mage::" ascii
        $magento2 = "Magento\\" ascii
        $magento3 = "getQuote()" ascii
        $magento4 = "Mage_Payment" ascii
        $card1 = "getCcNumber" ascii
        $card2 = "cc_number" ascii
        $code1 = "getCcCid" ascii
        $code2 = "cc_cid" ascii
        $hide1 = /file_put_contents\s{0,3}\([^;]{1,200}(\.(jpe?g|png|gif|ico|css|bmp)|\/(media|skin|tmp|cache)\/)[^;]{0,60}FILE_APPEND/
        $hide2 = /curl_setopt\s{0,3}\([^;]{1,80}CURLOPT_POSTFIELDS[^;]{1,120}base64_encode/
        $hide3 = /(curl_init|file_get_contents)\s{0,3}\(\s{0,3}(base64_decode|str_rot13|strrev|hex2bin)\s{0,3}\(/
        $hide4 = "openssl_public_encrypt" ascii
        $hide5 = /[^_a-z]mail\s{0,3}\(\s{0,3}(['"][^'"\n]{3,60}@|base64_decode)/
    condition:
        filesize < 1MB and any of ($magento*) and any of ($card*) and any of ($code*) and any of ($hide*)
}

rule Vigia_Skimmer_WooCommerce_Server
{
    meta:
        author = "Vigia"
        description_es = "código en la tienda WooCommerce que copia las tarjetas al cobrar"
        description_en = "code in a WooCommerce shop that copies the cards at the checkout"
        reference = "https://attack.mitre.org/techniques/T1056/003/"
        severity = "critical"
        false_positives = "A payment plug-in under development that logs what is posted; it must not do that either."
        needs = "woocommerce_checkout|woocommerce_after_checkout|woocommerce_payment_complete|woocommerce_before_checkout|woocommerce_new_order"
        needs = "card-num|card_num|cardnum|tarjeta"
        needs = "wp_remote_post|wp_remote_get|curl_init|file_put_contents|wp_mail"
        max_bytes = 1048575
    strings:
        $hook = /add_action\s{0,3}\(\s{0,3}['"]woocommerce_(checkout_(process|order_processed|update_order_meta|posted_data)|after_checkout_validation|payment_complete|before_checkout_process|new_order)['"]/
        $card1 = /\$_POST\s{0,3}\[\s{0,3}['"][a-z0-9_-]{0,40}(card|tarjeta)[_-]?(number|num|numero)['"]/ nocase
        $card2 = /\$_POST\s{0,3}\[\s{0,3}['"][a-z0-9_-]{0,40}(card|tarjeta)[_-](cvc|cvv|code)['"]/ nocase
        $send1 = /(wp_remote_(post|get)|curl_init)\s{0,3}\(\s{0,3}(base64_decode|str_rot13|strrev|hex2bin|gzinflate)/
        $send2 = /(wp_remote_(post|get)|wp_mail)\s{0,3}\([^;]{1,300}base64_encode/
        $send3 = /file_put_contents\s{0,3}\([^;]{1,200}FILE_APPEND/
        $send4 = /wp_remote_(post|get)\s{0,3}\([^;]{1,200}(api\.telegram\.org|\/\/\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})/
        $send5 = /wp_mail\s{0,3}\(\s{0,3}['"][^'"\n]{3,60}@/
    condition:
        filesize < 1MB and $hook and all of ($card*) and any of ($send*)
}

rule Vigia_Skimmer_PrestaShop_Server
{
    meta:
        author = "Vigia"
        description_es = "código en la tienda PrestaShop que copia las tarjetas de los clientes"
        description_en = "code in a PrestaShop shop that copies the cards of customers"
        reference = "https://attack.mitre.org/techniques/T1056/003/"
        severity = "critical"
        false_positives = "None known: payment modules hand the card to the gateway and keep no copy."
        needs = "tools::getvalue|$_post"
        needs = "_ps_version_|paymentmodule|modulefrontcontroller|_ps_root_dir_|context::getcontext"
        needs = "file_put_contents|curlopt_"
        max_bytes = 1048575
    strings:
        $shop = /_PS_(VERSION|ROOT_DIR)_|PaymentModule|ModuleFrontController|Context::getContext/
        $card1 = /(Tools::getValue\s{0,3}\(|\$_POST\s{0,3}\[)\s{0,3}['"][a-z0-9_-]{0,30}(card_?num(ber)?|cc_?num(ber)?|numero_tarjeta|pan)['"]/ nocase
        $card2 = /(Tools::getValue\s{0,3}\(|\$_POST\s{0,3}\[)\s{0,3}['"][a-z0-9_-]{0,30}(cvv2?|cvc2?|cc_cid|security_code)['"]/ nocase
        $send1 = /file_put_contents\s{0,3}\([^;]{1,200}(\.(jpe?g|png|gif|ico|css|log|txt)|FILE_APPEND)/
        $send2 = /CURLOPT_(URL|POSTFIELDS)[^;]{1,200}base64_(en|de)code/
    condition:
        filesize < 1MB and $shop and all of ($card*) and any of ($send*)
}

rule Vigia_Shop_Admin_Password_Thief
{
    meta:
        author = "Vigia"
        description_es = "código que copia la contraseña de quien entra a administrar la tienda"
        description_en = "code that copies the password of whoever signs in to run the shop"
        reference = "https://attack.mitre.org/techniques/T1556/"
        severity = "critical"
        false_positives = "None known: no honest plug-in writes passwords in the clear."
        needs = "wp_authenticate|wp_signon|adminlogincontroller|mage_admin|magento\\backend|wp_login|adminhtml"
        needs = "file_put_contents|api.telegram.org|curlopt_postfields|wp_remote_post|error_log|fwrite"
        max_bytes = 1048575
    strings:
        $where = /wp_authenticate|wp_signon|AdminLoginController|Mage_Admin|Magento\\Backend|['"]wp_login['"]|adminhtml/
        $take1 = /file_put_contents\s{0,3}\([^;]{1,160}(\$pass(word|wd)?\b|\$_POST\[['"](pwd|passwd|password)['"]\])[^;]{0,120}(FILE_APPEND|\))/
        $take2 = /(api\.telegram\.org\/bot|CURLOPT_POSTFIELDS|wp_remote_post\s{0,3}\()[^;]{1,240}(\$pass(word|wd)?\b|\$_POST\[['"](pwd|passwd|password)['"]\])/
        $take3 = /(fwrite|error_log)\s{0,3}\([^;]{1,120}(\$user(name)?\b|\$email\b|\$_POST\[['"](log|email|username)['"]\])[^;]{1,60}(\$pass(word|wd)?\b|\$_POST\[['"](pwd|passwd|password)['"]\])/
    condition:
        filesize < 1MB and $where and any of ($take*)
}
