/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Webshell_Java
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en Java (JSP): deja manejar el servidor a quien la conozca"
        description_en = "a back door in Java (JSP): it lets whoever knows it control the server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Consoles of application servers run commands, but ask for a password first."
        needs = "getparameter|getheader|getreader|getinputstream"
        needs = "getruntime|processbuilder|classloader"
        max_bytes = 1048575
    strings:
        $jsp = /<(%[@!= \r\n]|jsp:)/
        $run1 = /getRuntime\s*\(\s*\)\s*\.\s*exec\s*\(/
        $run2 = /new\s{1,4}(java\.lang\.)?ProcessBuilder\s*\(/
        $get = /request\s*\.\s*get(Parameter|Header|Reader|InputStream)\s*\(/
        $load1 = /extends\s{1,4}ClassLoader/
        $load2 = "defineClass"
        $crypt = /(Cipher\.getInstance|SecretKeySpec|BASE64Decoder|Base64)/
    condition:
        filesize < 1MB and $jsp and $get and (any of ($run*) or (all of ($load*) and $crypt))
}

rule Vigia_Webshell_ASP_One_Line
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en ASP: deja manejar el servidor a quien la conozca"
        description_en = "a back door in ASP: it lets whoever knows it control the server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Teaching material on web security quotes such lines."
        needs = "%eval|%execute|% eval|% execute|%  eval|%  execute|%\teval|%\texecute|%\neval|%\nexecute|%\r\neval"
        or_needs = "%\r\nexecute|%>eval|%>execute|%> eval|%> execute|%>  eval|%>  execute|%>\teval|%>\texecute|%>\neval"
        or_needs = "%>\nexecute|%>\r\neval|%>\r\nexecute"
        max_bytes = 1048575
    strings:
        $eval = /%>?\s{0,2}(eval|execute|executeglobal)[\s(]{0,3}(request|system\.text\.encoding)[\s.(\["]/ nocase
    condition:
        filesize < 1MB and $eval
}

rule Vigia_Webshell_ASP
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en ASP: deja manejar el servidor a quien la conozca"
        description_en = "a back door in ASP: it lets whoever knows it control the server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Teaching material on web security quotes such lines."
        needs = "request.form|request.querystring|request.item|request.params|request.binaryread|request.headers"
        or_needs = "request(|request[|request .|request (|request ["
        needs = "process(|process (|processstartinfo|createobject|assembly.load"
        needs = "cmd.exe|\"cmd\"|\"cmd'|\"cmd |'cmd\"|'cmd'|'cmd | cmd\"| cmd'| cmd |/cmd\"|/cmd'|/cmd |\\cmd\"|\\cmd'|\\cmd |script.shell|scriptshell|assembly.load"
        max_bytes = 1048575
    strings:
        $asp = /<(%[@=]|script\s[^>]{0,60}runat)/ nocase
        $run1 = /Process(StartInfo)?\s*\([^)]{0,40}\)[\s\S]{0,400}(cmd\.exe|["' \/\\]cmd["' ])/ nocase
        $run2 = /CreateObject\s*\(\s*"W?Script\.?Shell"/ nocase
        $load = /Assembly\.Load\s*\([\s\S]{0,200}(CreateInstance|Request)/ nocase
        $get = /Request\s?(\.(Form|QueryString|Item|Params|BinaryRead|Headers)|\(|\[)/ nocase
    condition:
        filesize < 1MB and $asp and $get and any of ($run*, $load)
}

rule Vigia_Webshell_PHP_Object
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera en PHP que ejecuta órdenes de Windows"
        description_en = "a back door in PHP that runs Windows commands"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "None known."
        needs = "<?php"
        needs = "wscript.shell|shell.application"
        max_bytes = 1048575
    strings:
        $php = "<?php" nocase
        $com = /new\s{1,4}COM\s*\(\s*['"](Wscript\.Shell|Shell\.Application)['"]/ nocase
        $run = /(->|\.)\s*(exec|run|ShellExecute)\s*\(/ nocase
        $get = /\$_(GET|POST|REQUEST|COOKIE)\s*\[/
    condition:
        filesize < 1MB and all of them
}
