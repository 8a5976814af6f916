/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Page_Holds_Program
{
    meta:
        author = "Vigia"
        description_es = "página que lleva escondido un archivo y lo deja en la carpeta de descargas"
        description_en = "a page that holds a hidden file and drops it into the downloads folder"
        reference = "https://attack.mitre.org/techniques/T1027/006/"
        severity = "high"
        false_positives = "Pages saved whole that make a file on request hold no finished archive."
        needs = "createobjecturl|mssaveoropenblob|mssaveblob"
        needs = "uesdbbq|uesdbaoa|tvqqaa|tvpqaa|tvoaaa|tvpbul|umfyiro|n3q8ry"
    strings:
        $page = /<\s{0,2}(script|html|body|svg)\b/ nocase
        $blob = /createObjectURL|msSaveOrOpenBlob|msSaveBlob/
        $drop1 = /\.download\s{0,2}=|setAttribute\(\s{0,2}['"]download['"]|msSave(OrOpen)?Blob/
        $drop2 = /\.click\s{0,2}\(\s{0,2}\)|msSave(OrOpen)?Blob|dispatchEvent/
        $decode = /atob\s{0,2}\(|Uint8Array/
        $zip = /['"`]UEsDB(BQ|AoA)[A-Za-z0-9+\/]{100}/
        $exe = /['"`]TV(qQAA|pQAA|oAAA|pBUl)[A-Za-z0-9+\/]{100}/
        $rar = /['"`]UmFyIRo[A-Za-z0-9+\/]{100}/
        $sevenz = /['"`]N3q8ry[A-Za-z0-9+\/]{100}/
        $name = /['"`][^'"`\n<>]{1,80}\.(zip|iso|img|exe|msi|rar|7z|vbs|js|hta|lnk|html?|vhdx?|wsf)['"`]/ nocase
    condition:
        filesize < 30MB and $page and all of ($blob, $drop1, $drop2, $decode, $name) and any of ($zip, $exe, $rar, $sevenz)
}

rule Vigia_Page_Asks_To_Paste_Command
{
    meta:
        author = "Vigia"
        description_es = "página que pide pegar una orden en Windows: falsa prueba de que no es un robot"
        description_en = "a page that asks you to paste a command into Windows: a false test that you are no robot"
        reference = "https://attack.mitre.org/techniques/T1204/004/"
        severity = "critical"
        false_positives = "Guides for administrators say what the command does and do not copy it unasked."
        needs = "clipboard.write|execcommand"
        needs = "powershell|mshta |mshta.exe |msiexec|cmd /c|cmd  /c|cmd.exe|curl.exe|conhost|rundll32"
    strings:
        $copy = /clipboard\.write(Text)?\s{0,2}\(|execCommand\s{0,2}\(\s{0,2}['"]copy/
        $what = /powershell(\.exe)?\s|mshta(\.exe)? |msiexec(\.exe)?\s|cmd(\.exe)? {1,2}\/c|curl\.exe|conhost|rundll32/ nocase
        $how1 = /(win(dows)?|⊞)(\s?(key|logo|button))?(<[^>\n]{1,80}>|\s|&nbsp;|\+|-|tecla){1,12}R\b|tecla(<[^>\n]{1,60}>|\s){1,6}(de )?windows/ nocase
        $how2 = /(ctrl|control)(<[^>\n]{1,80}>|\s|&nbsp;|\+|-){1,12}V\b/ nocase
        $robot = /robot|captcha|verif(y|ica)|human[oa]?\b|cloudflare|update|actualiza/ nocase
        $enter = /\b(enter|intro)\b/ nocase
        $page = /<\s{0,2}(script|html|body)\b/ nocase
    condition:
        filesize < 3MB and all of them
}

rule Vigia_Page_Sends_Password_To_Chat
{
    meta:
        author = "Vigia"
        description_es = "página que manda la contraseña que usted escribe a un chat del ladrón"
        description_en = "a page that sends the password you type to the thief's chat"
        reference = "https://attack.mitre.org/techniques/T1056/003/"
        severity = "critical"
        false_positives = "Contact forms that notify by chat ask for no password and no card."
        needs = "api.telegram.org/|discord.com/api/webhooks|discordapp.com/api/webhooks"
        needs = "<input"
    strings:
        $chat = /api\.telegram\.org\/(bot|["'`$])|discord(app)?\.com\/api\/webhooks/
        $field1 = /type\s{0,2}=\s{0,2}["']?password/ nocase
        $field2 = /(name|id|placeholder)\s{0,2}=\s{0,2}["'][^"'\n]{0,20}(tarjeta|cvv|cvc|card.?num|nip\b|token|clave|contrase)/ nocase
        $send = /sendMessage|fetch\s{0,2}\(|\.ajax\s{0,2}\(|\.open\s{0,2}\(\s{0,2}['"]POST/
        $take = /\.value\b|\.val\(\)|FormData\s{0,2}\(|serialize/
        $page = "<input" nocase
    condition:
        filesize < 3MB and all of ($chat, $send, $take, $page) and any of ($field*)
}
