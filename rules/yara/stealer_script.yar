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
        max_bytes = 5242879
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
        max_bytes = 1048575
    strings:
        $show = /[Ww]lan ([Ss]how|[Ee]xport) [Pp]rof|[Ww]lan', '([Ss]how|[Ee]xport)', '[Pp]rof/
        $clear = /[Kk]ey ?= ?[Cc]lear/
        $send1 = /[Aa]pi\.[Tt]elegram\.[Oo]rg|\/[Aa]pi\/[Ww]ebhooks|[Ww]ebhook\.[Ss]ite|[Tt]ransfer\.[Ss]h|[Pp]ipedream/
        $send2 = /[Ss]end-[Mm]ail[Mm]essage|[Ss]mtplib|[Ss]mtp[Cc]lient/
        $send3 = /(Invoke-RestMethod|Invoke-WebRequest|\birm|\biwr)[^\n]{1,200}(POST|PUT)/ nocase
        $send4 = /[Cc]url (-[^\n]{0,60}\s)?(-[Ff]|-[Tt]|-[Dd]|--[Dd]ata|--[Uu]pload-[Ff]ile)[^\n]{1,200}[Hh]ttps?:/
        $send5 = /[Uu]pload([Ff]ile|[Ss]tring)\s{0,2}\(|[Rr]equests\.[Pp]ost\s{0,2}\(/
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
        max_bytes = 511999
    strings:
        $ps1 = "GetAsyncKeyState"
        $ps2 = /[Dd]ll[Ii]mport|[Aa]dd-[Tt]ype|[Cc]types|[Ww]indll/
        $py1 = /pynput\.keyboard|pynput import keyboard|keyboard\.(on_press|on_release|hook|Listener)\s{0,2}\(|pyHook/ ascii
        $send = /smtplib|api\.telegram\.org|\/api\/webhooks|Send-MailMessage|SmtpClient|requests\.post|Invoke-RestMethod|ftplib|UploadString/
        $note = /[Kk]eylog|[Kk]ey_?[Ll]og|[Ll]og_?[Ff]ile|([Kk]eys?|[Kk]eystrokes|[Tt]eclas|[Pp]ulsaciones|[Ll]og)\.([Tt]xt|[Ll]og)|[Oo]n_[Pp]ress/
        $time = /[Tt]hreading\.[Tt]imer|[Ss]tart-[Ss]leep|[Tt]ime\.[Ss]leep|[Tt]imer\(|[Ww]hile\s{0,2}\(\s{0,2}(\$[Tt]rue|1)|[Ww]hile [Tt]rue/
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
        max_bytes = 511999
    strings:
        $what = /\\([Ll]ogin [Dd]ata|[Ll]ogins\.[Jj]son|[Kk]ey4\.[Dd]b|[Ww]allet\.[Dd]at|[Tt]elegram [Dd]esktop\\[Tt]data)|[Rr]eg(\.[Ee]xe)?\s{1,3}[Ss]ave\s{1,3}[Hh]klm\\([Ss]am|[Ss]ecurity)/
        $copy = /([Xx]copy|[Rr]obocopy|[Cc]opy-[Ii]tem|[Cc]opy|[Cc]ompress-[Aa]rchive|[Tt]ar)\s[^\n]{0,160}([Ll]ogin [Dd]ata|[Ll]ogins\.[Jj]son|[Kk]ey4\.[Dd]b|[Ww]allet\.[Dd]at|[Tt]data|[Uu]ser [Dd]ata)|[Rr]eg(\.[Ee]xe)?\s{1,3}[Ss]ave/
        $send1 = /[Cc]url(\.[Ee]xe)?\s[^\n]{0,120}(-[Ff]|-[Tt]|--[Uu]pload-[Ff]ile|--[Dd]ata-[Bb]inary|-[Dd])\s[^\n]{1,200}([Hh]ttps?|[Ff]tp):/
        $send2 = /[Cc]url(\.[Ee]xe)?\s[^\n]{0,120}([Hh]ttps?|[Ff]tp):[^\n]{1,200}\s(-[Ff]|-[Tt]|--[Uu]pload-[Ff]ile|--[Dd]ata-[Bb]inary)\s/
        $send3 = /[Aa]pi\.[Tt]elegram\.[Oo]rg\/[Bb]ot|\/[Aa]pi\/[Ww]ebhooks\//
        $send4 = /[Ff]tp\s{1,3}-[a-zA-Z:]{1,4}\s?-?[a-zA-Z:]{0,4}:?[^\n]{1,60}\.([Tt]xt|[Dd]at|[Tt]mp)/
        $send5 = /[Uu]pload[Ff]ile\s{0,2}\(|[Ss]end-[Mm]ail[Mm]essage/
        $script = /@echo off|%appdata%|%localappdata%|\$env:(LOCAL)?APPDATA/ nocase
    condition:
        filesize < 500KB and uint16(0) != 0x5A4D and $what and $copy and $script and any of ($send*)
}
