/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Information_Stealer
{
    meta:
        author = "Vigia"
        description_es = "programa que roba contraseñas, sesiones y monederos guardados en el equipo"
        description_en = "a program that steals passwords, sessions and wallets kept on the computer"
        reference = "https://attack.mitre.org/techniques/T1555/003/"
        severity = "critical"
        false_positives = "Browser migration, backup and forensic tools touch some of these files, seldom so many kinds, and they do not send them to a chat."
        needs = "\\google\\chrome\\user data|\\microsoft\\edge\\user data|\\bravesoftware\\brave-browser|\\opera software\\opera stable|\\mozilla\\firefox\\profiles"
        max_bytes = 31457279
    strings:
        $browser1 = "\\Google\\Chrome\\User Data" nocase ascii wide
        $browser2 = "\\Microsoft\\Edge\\User Data" nocase ascii wide
        $browser3 = "\\BraveSoftware\\Brave-Browser" nocase ascii wide
        $browser4 = "\\Opera Software\\Opera Stable" nocase ascii wide
        $browser5 = "\\Mozilla\\Firefox\\Profiles" nocase ascii wide
        $secret1 = "Login Data" ascii wide
        $secret2 = "logins.json" nocase ascii wide
        $secret3 = "encrypted_key" ascii wide
        $secret4 = "CryptUnprotectData" ascii wide
        $secret5 = "key4.db" nocase ascii wide
        $chat1 = "\\Telegram Desktop\\tdata" nocase ascii wide
        $chat2 = /\\discord(canary|ptb)?\\Local Storage\\leveldb/ nocase ascii wide
        $wallet1 = "wallet.dat" nocase ascii wide
        $wallet2 = "\\Exodus\\exodus.wallet" nocase ascii wide
        $wallet3 = "nkbihfbeogaeaoehlefnkodbefgpgknn" ascii wide
        $wallet4 = "\\Electrum\\wallets" nocase ascii wide
        $ftp1 = "\\FileZilla\\recentservers.xml" nocase ascii wide
        $ftp2 = "\\WinSCP 2\\Sessions" nocase ascii wide
        $send1 = "api.telegram.org/bot" nocase ascii wide
        $send2 = /discord(app)?\.com\/api\/webhooks\// nocase ascii wide
        $send3 = "api.ipify.org" nocase ascii wide
        $send4 = "ip-api.com" nocase ascii wide
        $shot1 = "screenshot" nocase ascii wide
        $shot2 = "GetClipboardData" ascii wide
    condition:
        filesize < 30MB and 2 of ($browser*) and 2 of ($secret*) and
        (any of ($wallet*) or any of ($chat*) or any of ($ftp*)) and
        (any of ($send*) or (all of ($shot*) and 3 of ($secret*)))
}
