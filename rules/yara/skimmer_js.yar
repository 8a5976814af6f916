/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Card_Skimmer_JavaScript
{
    meta:
        author = "Vigia"
        description_es = "código que copia la tarjeta que el cliente escribe al pagar"
        description_en = "code that copies the card that a customer types at the checkout"
        reference = "https://attack.mitre.org/techniques/T1056/003/"
        severity = "critical"
        false_positives = "A payment library that hides its own address in Base64; none is known. Look at the address that the data is sent to."
        needs = "ahr0c|btoa(|btoa (|fromcharcode"
        needs = "checkout|onepage|onestep|finalizar-compra|pagar|carrito"
        max_bytes = 3145727
    strings:
        $card1 = "payment[cc_number]" nocase
        $card2 = "payment[cc_cid]" nocase
        $card3 = "cc_exp_month" nocase
        $card4 = "cc_number" nocase
        $card5 = "card_number" nocase
        $card6 = "cardnumber" nocase
        $card7 = "card-cvc" nocase
        $card8 = "cvv" nocase
        $card9 = "numero_tarjeta" nocase
        $page = /location(\.href|\.pathname|\.search)?[^;\n]{0,60}(checkout|onepage|onestep|finalizar-compra|pagar|carrito)/ nocase
        $page2 = /(checkout|onepage|onestep|finalizar-compra)[^;\n]{0,40}\.test\([^)]{0,30}location/ nocase
        $send1 = /atob\(\s*['"]aHR0c[A-Za-z0-9+\/=]{8,200}['"]/
        $send2 = /new Image\b[^\n]{0,120}\.src\s*=[^\n]{0,160}btoa ?\(/
        $send3 = /sendBeacon\s*\([^\n]{0,160}btoa ?\(/
        $send4 = /(fetch|\.open)\s*\([^\n]{0,200}btoa ?\(\s*JSON\.stringify/
        $send5 = /String\.fromCharCode\((104|0x68),\s*(116|0x74),\s*(116|0x74),\s*(112|0x70)/
    condition:
        filesize < 3MB and 2 of ($card*) and any of ($page*) and any of ($send*)
}
