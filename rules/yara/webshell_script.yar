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
        max_bytes = 204799
    strings:
        $cgi1 = /(os\.popen|os\.system|subprocess\.(Popen|call|check_output|getoutput|run))\s{0,2}\(\s{0,2}\w{1,20}\.(getvalue|getfirst)\s{0,2}\(/
        $cgi2 = "FieldStorage" ascii
        $cgi3 = /(\.getvalue|\.getfirst)\s{0,2}\(\s{0,2}['"](cmd|command|comando|c|exec|orden)['"]|\[['"](cmd|command|comando|exec|orden)['"]\]/
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
        needs = "/perl| perl|\\perl"
        max_bytes = 204799
    strings:
        $page = /[Cc]ontent-[Tt]ype:\s{0,2}[Tt]ext|\b[Hh]eader\(\)|->[Hh]eader/
        $run1 = /(`|\bsystem\s{0,2}\(\s{0,2}|\bexec\s{0,2}\(\s{0,2}|qx[{\/(|])\s{0,2}\$(\w{1,20}->)?(cmd|command|comando|c|exec|in\{'?(cmd|command|c)'?\})\b/
        $run2 = /(`|\bsystem\s{0,2}\(\s{0,2}|\bexec\s{0,2}\(\s{0,2}|open\s{0,2}\(\s{0,2}\w{1,20}\s{0,2},\s{0,2}['"]?-?\|?)\s{0,2}(\$\w{1,20}->)?param ?\(\s{0,2}['"]/
        $run3 = /open\s{0,2}\(\s{0,2}\w{1,20}\s{0,2},\s{0,2}"\$(cmd|command|comando|c|exec|in\{)[^"\n]{0,20}\|"/
        $get = /(cmd|command|comando|c|exec)\s{0,2}=\s{0,2}(\$\w{1,20}->)?param ?\(|QUERY_STRING|param ?\(\s{0,2}['"](cmd|command|comando|c|exec)['"]/
        $bang = /^#![^\n]{0,40}[\/\\ ]perl/
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
        max_bytes = 511999
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
        max_bytes = 65535
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
        max_bytes = 16383
    strings:
        $asp = /<(%[@= \r\n]|[Ss]cript\s[^>]{0,60}[Rr]unat)/
        $save1 = /[Rr]equest\.[Ff]iles\s?\[[^\]\n]{1,20}\]\.[Ss]ave[Aa]s\(\s?([Ss]erver\.[Mm]ap[Pp]ath\(\s?)?[Rr]equest(\.|\[)/
        $save2 = /[Ff]ile\.[Ww]rite[Aa]ll([Bb]ytes|[Tt]ext)\(\s?([Ss]erver\.[Mm]ap[Pp]ath\(\s?)?[Rr]equest(\.|\[)/
        $save3 = /[Ff]ile\.[Ww]rite[Aa]ll([Bb]ytes|[Tt]ext)\([^;\n]{1,120}[Cc]onvert\.[Ff]rom[Bb]ase64[Ss]tring\(\s?[Rr]equest(\.|\[)/
        $save4 = /[Cc]reate[Tt]ext[Ff]ile\(\s?([Ss]erver\.[Mm]ap[Pp]ath\(\s?)?[Rr]equest\.([Ff]orm|[Qq]uery[Ss]tring|[Ii]tem)?\s?\(?/
        $save5 = /[Rr]equest\.[Ff]iles\s?\[[^\]\n]{1,20}\]\.[Ss]ave[Aa]s\(\s?[Ss]erver\.[Mm]ap[Pp]ath\([^;\n]{0,40}[Rr]equest\.[Ff]iles\s?\[[^\]\n]{1,20}\]\.[Ff]ile[Nn]ame/
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
        max_bytes = 511999
    strings:
        $run1 = /<[Cc]fexecute\s[^>]{0,120}([Nn]ame|[Aa]rguments)\s{0,2}=\s{0,2}["']?#?\s{0,2}(\w{1,20}\(\s{0,2})?([Ff]orm\.\w{1,30}|[Uu]rl\.([Cc]md?|[Cc]ommand|[Cc]omando|[Ee]xe[ce]?)|[Uu]rl\[|[Cc]gi\.[Hh]ttp)/
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
        max_bytes = 65535
    strings:
        $type = /([Aa]dd[Tt]ype|[Aa]dd[Hh]andler)\s{1,4}([Aa]pplication\/[Xx]-[Hh]ttpd-([Pp]hp|[Cc]gi)\w{0,4}|[Pp]hp\w{0,4}-[Ss]cript|[Aa]pplication\/[Xx]-[Hh]ttpd-[Aa]lt-[Pp]hp\d{0,2})\s{1,4}[^\n]{0,60}\.([Jj]pe?[Gg]|[Pp]ng|[Gg]if|[Ii]co|[Bb]mp|[Ss]vg|[Tt]xt|[Cc]ss|[Ww]ebp)\b/
        $handler = /<[Ff]iles([Mm]atch)?\s[^>\n]{0,60}([Jj]pe?[Gg]|[Pp]ng|[Gg]if|[Ii]co|[Bb]mp|[Ww]ebp|[Cc]ss|[Tt]xt)[^>\n]{0,40}>\s{0,20}([Ss]et[Hh]andler|[Ff]orce[Tt]ype)\s{1,4}([Aa]pplication\/[Xx]-[Hh]ttpd-[Pp]hp|[Pp]hp\w{0,4}-[Ss]cript)/
        $prepend = /([Pp]hp_[Vv]alue\s{1,4})?[Aa]uto_([Pp]repend|[Aa]ppend)_[Ff]ile\s{0,4}=?\s{0,4}["']?[^\s"']{0,120}(\/[Tt]mp\/|\/[Dd]ev\/[Ss]hm\/|\/[Uu]ploads\/|[Pp]hp:\/\/[Ii]nput|[Dd]ata:|\.([Jj]pe?[Gg]|[Pp]ng|[Gg]if|[Ii]co|[Bb]mp|[Cc]ss|[Ss]vg|[Ww]ebp)\b)/
    condition:
        filesize < 64KB and any of them
}
