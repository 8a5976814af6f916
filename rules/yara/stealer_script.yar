/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Stealer_Python
{
    meta:
        author = "Vigia"
        description_es = "script que saca las contraseñas del navegador y las manda a un chat"
        description_en = "a script that takes the browser's passwords and sends them to a chat"
        reference = "https://attack.mitre.org/techniques/T1555/003/"
        severity = "critical"
        false_positives = "Teaching code; it prints the passwords and sends them nowhere."
        needs = "login data|logins.json"
        needs = "win32crypt|cryptunprotectdata|mode_gcm|aesgcm|nss3.dll|pk11sdr_decrypt"
        needs = "api.telegram.org|/api/webhooks|discord.com|transfer.sh|gofile.io|smtplib|ftplib|requests.post|urlopen"
    strings:
        $what1 = /Login Data|logins\.json/ ascii
        $what2 = /encrypted_key|os_crypt|key4\.db|password_value|encrypted_value/ ascii
        $crypt = /win32crypt|CryptUnprotectData|MODE_GCM|AESGCM|nss3\.dll|PK11SDR_Decrypt/ ascii
        $py = /\b(import|from) (os|sqlite3|json|base64|win32crypt|requests|Crypto|shutil|ctypes)\b/
        $send1 = /api\.telegram\.org\/bot|\/api\/webhooks\/|gofile\.io|discord\.com\/api|transfer\.sh/ ascii
        $send2 = /smtplib\.SMTP|ftplib\.FTP/ ascii
        $send3 = /(requests\.post|urlopen)\s{0,2}\(\s{0,2}(['"]https?:|webhook|url|hook|C2|SERVER)/ nocase
    condition:
        filesize < 5MB and all of ($what*) and $crypt and #py > 2 and any of ($send*)
}

rule Vigia_Stealer_Wifi_Passwords
{
    meta:
        author = "Vigia"
        description_es = "script que saca las claves de la red inalámbrica y las manda fuera"
        description_en = "a script that takes the keys of the wireless network and sends them away"
        reference = "https://attack.mitre.org/techniques/T1552/"
        severity = "high"
        false_positives = "Notes on how to look up one's own key; they send it nowhere."
        needs = "wlan show prof|wlan export prof|wlan', 'show', 'prof|wlan', 'export', 'prof"
        needs = "key=clear|key = clear|key= clear|key =clear"
    strings:
        $show = /wlan (show|export) prof|wlan', '(show|export)', 'prof/ nocase ascii wide
        $clear = /key ?= ?clear/ nocase ascii wide
        $send1 = /api\.telegram\.org|\/api\/webhooks|webhook\.site|transfer\.sh|pipedream/ nocase ascii wide
        $send2 = /Send-MailMessage|smtplib|SmtpClient/ nocase ascii wide
        $send3 = /(Invoke-RestMethod|Invoke-WebRequest|\birm|\biwr)[^\n]{1,200}(POST|PUT)/ nocase ascii wide
        $send4 = /curl (-[^\n]{0,60}\s)?(-F|-T|-d|--data|--upload-file)[^\n]{1,200}https?:/ nocase ascii wide
        $send5 = /Upload(File|String)\s{0,2}\(|requests\.post\s{0,2}\(/ nocase ascii wide
    condition:
        filesize < 1MB and $show and $clear and any of ($send*)
}

rule Vigia_Keylogger_Script
{
    meta:
        author = "Vigia"
        description_es = "script que anota todo lo que se teclea y lo manda fuera"
        description_en = "a script that notes all that is typed and sends it away"
        reference = "https://attack.mitre.org/techniques/T1056/001/"
        severity = "critical"
        false_positives = "Programs for hotkeys listen to keys but keep and send nothing."
        needs = "getasynckeystate|pynput|keyboard.on_press|keyboard.on_release|keyboard.hook|keyboard.listener|pyhook"
        needs = "smtplib|api.telegram.org|/api/webhooks|send-mailmessage|smtpclient|requests.post|invoke-restmethod|ftplib|uploadstring"
    strings:
        $ps1 = "GetAsyncKeyState" ascii wide
        $ps2 = /DllImport|Add-Type|ctypes|windll/ nocase ascii wide
        $py1 = /pynput\.keyboard|pynput import keyboard|keyboard\.(on_press|on_release|hook|Listener)\s{0,2}\(|pyHook/ ascii
        $send = /smtplib|api\.telegram\.org|\/api\/webhooks|Send-MailMessage|SmtpClient|requests\.post|Invoke-RestMethod|ftplib|UploadString/ ascii wide
        $note = /keylog|key_?log|log_?file|(keys?|keystrokes|teclas|pulsaciones|log)\.(txt|log)|on_press/ nocase ascii wide
        $time = /threading\.Timer|Start-Sleep|time\.sleep|Timer\(|while\s{0,2}\(\s{0,2}(\$true|1)|while True/ nocase ascii wide
    condition:
        filesize < 500KB and uint16(0) != 0x457f and uint16(0) != 0x5A4D and (all of ($ps*) or $py1) and $send and $note and $time
}

rule Vigia_Stealer_Batch
{
    meta:
        author = "Vigia"
        description_es = "script que junta documentos y contraseñas del equipo y los manda fuera"
        description_en = "a script that gathers documents and passwords of the computer and sends them away"
        reference = "https://attack.mitre.org/techniques/T1119/"
        severity = "high"
        false_positives = "Backup scripts copy documents, but not a browser's password file, nor to a chat."
        needs = "login data|logins.json|key4.db|wallet.dat|\\tdata|hklm\\sam|hklm\\security"
        needs = "@echo off|%appdata%|%localappdata%|$env:appdata|$env:localappdata"
    strings:
        $what = /\\(Login Data|logins\.json|key4\.db|wallet\.dat|Telegram Desktop\\tdata)|reg(\.exe)?\s{1,3}save\s{1,3}hklm\\(sam|security)/ nocase ascii wide
        $copy = /(xcopy|robocopy|copy-item|copy|compress-archive|tar)\s[^\n]{0,160}(Login Data|logins\.json|key4\.db|wallet\.dat|tdata|User Data)|reg(\.exe)?\s{1,3}save/ nocase ascii wide
        $send1 = /curl(\.exe)?\s[^\n]{0,120}(-F|-T|--upload-file|--data-binary|-d)\s[^\n]{1,200}(https?|ftp):/ nocase ascii wide
        $send2 = /curl(\.exe)?\s[^\n]{0,120}(https?|ftp):[^\n]{1,200}\s(-F|-T|--upload-file|--data-binary)\s/ nocase ascii wide
        $send3 = /api\.telegram\.org\/bot|\/api\/webhooks\//  nocase ascii wide
        $send4 = /ftp\s{1,3}-[a-z:]{1,4}\s?-?[a-z:]{0,4}:?[^\n]{1,60}\.(txt|dat|tmp)/ nocase ascii wide
        $send5 = /UploadFile\s{0,2}\(|Send-MailMessage/ nocase ascii wide
        $script = /@echo off|%appdata%|%localappdata%|\$env:(LOCAL)?APPDATA/ nocase ascii wide
    condition:
        filesize < 500KB and uint16(0) != 0x5A4D and $what and $copy and $script and any of ($send*)
}
