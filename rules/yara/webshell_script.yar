/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Webshell_Python
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en Python: ejecuta en el servidor lo que le manden"
        description_en = "a back door in Python: it runs on the server whatever it is sent"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Exercises on command injection; nobody should run those on a shop's server."
        needs = "fieldstorage|request.args|request.form|request.values|request.get_data|request.get_json|request.json|request.headers"
        needs = "os.popen|os.system|subprocess"
    strings:
        $cgi1 = /(os\.popen|os\.system|subprocess\.(Popen|call|check_output|getoutput|run))\s{0,2}\(\s{0,2}\w{1,20}\.(getvalue|getfirst)\s{0,2}\(/
        $cgi2 = "FieldStorage" ascii
        $cgi3 = /\b(cmd|command|comando|c|orden|exec)\s{0,2}=\s{0,2}\w{1,20}\s{0,2}(\.(getvalue|getfirst)\s{0,2}\(|\[)\s{0,2}['"](cmd|command|comando|c|exec)['"]/
        $web1 = /(os\.popen|os\.system|subprocess\.(Popen|call|check_output|getoutput|run))\s{0,2}\(\s{0,2}(flask\.)?request\.(args|form|values|get_data|get_json|json|headers)/
        $web2 = /\b(cmd|command|comando|c|orden|exec)\s{0,2}=\s{0,2}(flask\.)?request\.(args|form|values|json|headers)(\.get\s{0,2}\(|\[)\s{0,2}['"]/
        $run = /(os\.popen|os\.system|subprocess\.(Popen|call|check_output|getoutput|run))\s{0,2}\(\s{0,2}(cmd|command|comando|c|orden|exec)\s{0,2}[,)]/
    condition:
        filesize < 200KB and (($cgi2 and ($cgi1 or ($cgi3 and $run))) or $web1 or ($web2 and $run))
}

rule Vigia_Webshell_Perl
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en Perl: ejecuta en el servidor lo que le manden"
        description_en = "a back door in Perl: it runs on the server whatever it is sent"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Old administration pages may run commands, but choose them from a list."
        needs = "content-type|header()|->header"
        needs = "param(|query_string|param ("
    strings:
        $page = /Content-type:\s{0,2}text|\bheader\(\)|->header/ nocase
        $run1 = /(`|\bsystem\s{0,2}\(\s{0,2}|\bexec\s{0,2}\(\s{0,2}|qx[{\/(|])\s{0,2}\$(\w{1,20}->)?(cmd|command|comando|c|exec|in\{'?(cmd|command|c)'?\})\b/
        $run2 = /(`|\bsystem\s{0,2}\(\s{0,2}|\bexec\s{0,2}\(\s{0,2}|open\s{0,2}\(\s{0,2}\w{1,20}\s{0,2},\s{0,2}['"]?-?\|?)\s{0,2}(\$\w{1,20}->)?param ?\(\s{0,2}['"]/
        $run3 = /open\s{0,2}\(\s{0,2}\w{1,20}\s{0,2},\s{0,2}"\$(cmd|command|comando|c|exec|in\{)[^"\n]{0,20}\|"/
        $get = /(cmd|command|comando|c|exec)\s{0,2}=\s{0,2}(\$\w{1,20}->)?param ?\(|QUERY_STRING|param ?\(\s{0,2}['"](cmd|command|comando|c|exec)['"]/
        $bang = /^#![^\n]{1,40}perl/
    condition:
        filesize < 200KB and $bang and $page and $get and any of ($run*)
}

rule Vigia_Webshell_Node
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en Node.js: ejecuta en el servidor lo que le manden"
        description_en = "a back door in Node.js: it runs on the server whatever it is sent"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Exercises on command injection."
        needs = "child_process"
        needs = "req.query|req.body|req.headers|request.query|request.body|ctx.query|ctx.request|.searchparams|req.params|url.parse"
    strings:
        $child = /require\s{0,2}\(\s{0,2}['"](node:)?child_process['"]|from\s{1,3}['"](node:)?child_process['"]/
        $run1 = /\.?\b(exec|execSync|spawn|spawnSync)\s{0,2}\(\s{0,2}(String\()?(req|request|ctx)\.(query|body|headers|params|request\.\w{1,10})[.\[]/
        $run2 = /\.?\b(exec|execSync|spawn|spawnSync)\s{0,2}\(\s{0,2}(url\.parse\([^)\n]{1,40}\)\.query|\w{1,20}\.searchParams\.get\()/
        $run3 = /(cmd|command|comando)\s{0,2}=\s{0,2}(req|request|ctx)\.(query|body|headers|params)[.\[][^;\n]{1,30}[;,\n][^;]{0,160}\b(exec|execSync)\s{0,2}\(\s{0,2}(cmd|command|comando)\b/
    condition:
        filesize < 500KB and $child and any of ($run*)
}

rule Vigia_Webshell_Java_Uploader
{
    meta:
        author = "Vigia"
        description_es = "página Java (JSP) que escribe en el servidor lo que le manden"
        description_en = "a Java page (JSP) that writes on the server whatever it is sent"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "high"
        false_positives = "None known: upload pages of honest applications check who sends and choose the name themselves."
        needs = "fileoutputstream|filewriter|randomaccessfile|files.write"
        needs = "request.getparameter|request.getinputstream|request.getheader"
    strings:
        $jsp = /<(%[@!= \r\n]|jsp:)/
        $write1 = /new\s{1,3}(java\.io\.)?(FileOutputStream|FileWriter|RandomAccessFile)\s{0,2}\([^;\n]{0,100}request\s?\.\s?getParameter/
        $write2 = /\.write\s{0,2}\(\s{0,2}(new\s{1,3}sun\.misc\.BASE64Decoder\(\)\.decodeBuffer\(|(java\.util\.)?Base64\.getDecoder\(\)\.decode\()?\s{0,2}request\.getParameter/
        $write3 = /(FileOutputStream|FileWriter)\s{0,2}\(\s{0,2}(application|getServletContext\(\)|request)\.getRealPath\([^;\n]{0,60}\)\s{0,2}\+\s{0,2}request\.getParameter/
    condition:
        filesize < 64KB and $jsp and any of ($write*)
}

rule Vigia_Webshell_ASP_Uploader
{
    meta:
        author = "Vigia"
        description_es = "página ASP.NET que escribe en el servidor lo que le manden"
        description_en = "an ASP.NET page that writes on the server whatever it is sent"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "high"
        false_positives = "None known: honest upload pages choose folder and name themselves."
        needs = "request.|request["
        needs = "server.mappath|saveas(|writeallbytes|writealltext|createtextfile|savetofile"
    strings:
        $asp = /<(%[@= \r\n]|script\s[^>]{0,60}runat)/ nocase
        $save1 = /Request\.Files\s?\[[^\]\n]{1,20}\]\.SaveAs\(\s?(Server\.MapPath\(\s?)?Request(\.|\[)/ nocase
        $save2 = /File\.WriteAll(Bytes|Text)\(\s?(Server\.MapPath\(\s?)?Request(\.|\[)/ nocase
        $save3 = /File\.WriteAll(Bytes|Text)\([^;\n]{1,120}Convert\.FromBase64String\(\s?Request(\.|\[)/ nocase
        $save4 = /CreateTextFile\(\s?(Server\.MapPath\(\s?)?Request\.(Form|QueryString|Item)?\s?\(?/ nocase
        $save5 = /Request\.Files\s?\[[^\]\n]{1,20}\]\.SaveAs\(\s?Server\.MapPath\([^;\n]{0,40}Request\.Files\s?\[[^\]\n]{1,20}\]\.FileName/ nocase
    condition:
        filesize < 16KB and $asp and any of ($save*)
}

rule Vigia_Webshell_ColdFusion
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en ColdFusion: ejecuta en el servidor lo que le manden"
        description_en = "a back door in ColdFusion: it runs on the server whatever it is sent"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "None known: no honest page takes the program to run from its visitor."
        needs = "<cfexecute"
    strings:
        $run1 = /<cfexecute\s[^>]{0,120}(name|arguments)\s{0,2}=\s{0,2}["']?#?\s{0,2}(\w{1,20}\(\s{0,2})?(form\.\w{1,30}|url\.(cmd?|command|comando|exe[ce]?)|url\[|cgi\.http)/ nocase
    condition:
        filesize < 500KB and $run1
}

rule Vigia_Webshell_Server_Settings
{
    meta:
        author = "Vigia"
        description_es = "ajuste del servidor que ejecuta imágenes como programas: así se esconde una puerta trasera"
        description_en = "a server setting that runs pictures as programs: a back door is hidden this way"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "high"
        false_positives = "Very old shops that draw pictures by PHP."
        needs = "x-httpd-php|php-script|auto_prepend_file|auto_append_file|application/x-httpd"
    strings:
        $type = /(AddType|AddHandler)\s{1,4}(application\/x-httpd-(php|cgi)\w{0,4}|php\w{0,4}-script|application\/x-httpd-alt-php\d{0,2})\s{1,4}[^\n]{0,60}\.(jpe?g|png|gif|ico|bmp|svg|txt|css|webp)\b/ nocase
        $handler = /<Files(Match)?\s[^>\n]{0,60}(jpe?g|png|gif|ico|bmp|webp|css|txt)[^>\n]{0,40}>\s{0,20}(SetHandler|ForceType)\s{1,4}(application\/x-httpd-php|php\w{0,4}-script)/ nocase
        $prepend = /(php_value\s{1,4})?auto_(prepend|append)_file\s{0,4}=?\s{0,4}["']?[^\s"']{0,120}(\/tmp\/|\/dev\/shm\/|\/uploads\/|php:\/\/input|data:|\.(jpe?g|png|gif|ico|bmp|css|svg|webp)\b)/ nocase
    condition:
        filesize < 64KB and any of them
}
