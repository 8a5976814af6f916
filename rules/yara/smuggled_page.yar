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
        max_bytes = 31457279
    strings:
        $page = /<\s{0,2}([Ss]cript|[Hh]tml|[Bb]ody|[Ss]vg)\b/
        $blob = /createObjectURL|msSaveOrOpenBlob|msSaveBlob/
        $drop1 = /\.download\s{0,2}=|setAttribute\(\s{0,2}['"]download['"]|msSave(OrOpen)?Blob/
        $drop2 = /\.click\s{0,2}\(\s{0,2}\)|msSave(OrOpen)?Blob|dispatchEvent/
        $decode = /atob\s{0,2}\(|Uint8Array/
        $zip = /['"`]UEsDB(BQ|AoA)[A-Za-z0-9+\/]{100}/
        $exe = /['"`]TV(qQAA|pQAA|oAAA|pBUl)[A-Za-z0-9+\/]{100}/
        $rar = /['"`]UmFyIRo[A-Za-z0-9+\/]{100}/
        $sevenz = /['"`]N3q8ry[A-Za-z0-9+\/]{100}/
        $name = /\.(zip|iso|img|exe|msi|rar|vbs|hta|lnk|html|vhdx?|wsf|ZIP|ISO|IMG|EXE|MSI|RAR|VBS|HTA|LNK|7z['"`]|js['"`])/
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
        max_bytes = 3145727
    strings:
        $copy = /clipboard\.write(Text)?\s{0,2}\(|execCommand\s{0,2}\(\s{0,2}['"]copy/
        $what = /[Pp]owershell(\.[Ee]xe)?\s|[Mm]shta(\.[Ee]xe)? |[Mm]siexec(\.[Ee]xe)?\s|[Cc]md(\.[Ee]xe)? {1,2}\/[Cc]|[Cc]url\.[Ee]xe|[Cc]onhost|[Rr]undll32/
        $how1 = /([Ww]in([Dd]ows)?|⊞)(\s?([Kk]ey|[Ll]ogo|[Bb]utton))?(<[^>\n]{1,80}>|\s|&[Nn]bsp;|\+|-|[Tt]ecla){1,12}[Rr]\b|[Tt]ecla(<[^>\n]{1,60}>|\s){1,6}([Dd]e )?[Ww]indows/
        $how2 = /([Cc]trl|[Cc]ontrol)(<[^>\n]{1,80}>|\s|&[Nn]bsp;|\+|-){1,12}[Vv]\b/
        $robot = /[Rr]obot|[Cc]aptcha|[Vv]erif([Yy]|[Ii]ca)|[Hh]uman[oa]?\b|[Cc]loudflare|[Uu]pdate|[Aa]ctualiza/
        $enter = /\b([Ee]nter|[Ii]ntro)\b/
        $page = /<\s{0,2}([Ss]cript|[Hh]tml|[Bb]ody)\b/
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
        max_bytes = 3145727
    strings:
        $chat = /api\.telegram\.org\/(bot|["'`$])|discord(app)?\.com\/api\/webhooks/
        $field1 = /[Tt]ype\s{0,2}=\s{0,2}["']?[Pp]assword/
        $field2 = /([Nn]ame|[Ii]d|[Pp]laceholder)\s{0,2}=\s{0,2}["'][^"'\n]{0,20}([Tt]arjeta|[Cc]vv|[Cc]vc|[Cc]ard.?[Nn]um|[Nn]ip\b|[Tt]oken|[Cc]lave|[Cc]ontrase)/
        $send = /sendMessage|fetch\s{0,2}\(|\.ajax\s{0,2}\(|\.open\s{0,2}\(\s{0,2}['"]POST/
        $take = /\.value\b|\.val\(\)|FormData\s{0,2}\(|serialize/
        $page = "<input" nocase
    condition:
        filesize < 3MB and all of ($chat, $send, $take, $page) and any of ($field*)
}
