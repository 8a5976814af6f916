/* SPDX-License-Identifier: Apache-2.0 */
/* A back door that is already there and takes readable orders; what is encrypted is net.webshell's. */
rule Request_Webshell_Command
{
    meta:
        author = "Vigia"
        description_es = "una orden del sistema para una puerta trasera del servidor"
        description_en = "a system command for a back door of the server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "high"
        needs = "?cmd=|?command=|?c=|?exec=|?execute=|?e=|?x=|?pass=|?shell=|?ant=|?run=|?z=|?z1=|?comando=|?ejecutar="
        or_needs = "?do=|?q=|?0=|?1=|&cmd=|&command=|&c=|&exec=|&execute=|&e=|&x=|&pass=|&shell=|&ant=|&run=|&z=|&z1="
        or_needs = "&comando=|&ejecutar=|&do=|&q=|&0=|&1="
        needs = "whoami|ifconfig|ipconfig|uname|netstat|systeminfo|tasklist|hostname|/bin/|cmd.exe|cmd /c|=id|=ls|=dir"
        or_needs = "=pwd|=ps|=net |=cat |=type |=cmd/c|=\"id|=\"ls|=\"dir|=\"pwd|=\"ps|=\"net |=\"cat |=\"type |=\"cmd/c"
        or_needs = "= id|= ls|= dir|= pwd|= ps|= net |= cat |= type |= cmd/c|= \"id|= \"ls|= \"dir|= \"pwd|= \"ps"
        or_needs = "= \"net |= \"cat |= \"type |= \"cmd/c|=arp|=ver|=env|=set|=\"arp|=\"ver|=\"env|=\"set|= arp|= ver"
        or_needs = "= env|= set|= \"arp|= \"ver|= \"env|= \"set"
    strings:
        $get = /uri(\.plain)?: [^\n?]{1,200}\.(php\d?|phtml|jspx?|aspx?|ashx|cfm|cgi|pl)\?([^\n]{0,200}&)?(cmd|command|c|exec|execute|e|x|pass|shell|ant|run|do|q|z1?|comando|ejecutar|0|1)=\s{0,4}(cmd(\.exe)?\s?\/c\s?)?"?(\/bin\/)?(whoami|id|ifconfig|ipconfig|ls|dir|pwd|uname|netstat|systeminfo|tasklist|ps|net\s{1,3}(user|localgroup|view)|cat\s{1,3}\/|type\s{1,3}[a-z]:|hostname|arp|ver|env|set)\b[^\n&=]{0,80}(\n|&| )/ nocase
    condition:
        $get
}

rule Request_Webshell_Command_Form
{
    meta:
        author = "Vigia"
        description_es = "una orden del sistema para una puerta trasera del servidor"
        description_en = "a system command for a back door of the server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "high"
        needs = ": cmd=|: command=|: c=|: exec=|: execute=|: e=|: x=|: pass=|: shell=|: ant=|: run=|: z=|: z1="
        or_needs = ": comando=|: ejecutar=|&cmd=|&command=|&c=|&exec=|&execute=|&e=|&x=|&pass=|&shell=|&ant=|&run=|&z="
        or_needs = "&z1=|&comando=|&ejecutar="
        needs = "whoami|ifconfig|ipconfig|uname|netstat|systeminfo|tasklist|hostname|/bin/|cmd.exe|cmd /c|=id|=ls|=dir"
        or_needs = "=pwd|=ps|=net |=cat |=type |=cmd/c|=\"id|=\"ls|=\"dir|=\"pwd|=\"ps|=\"net |=\"cat |=\"type |=\"cmd/c"
        or_needs = "= id|= ls|= dir|= pwd|= ps|= net |= cat |= type |= cmd/c|= \"id|= \"ls|= \"dir|= \"pwd|= \"ps"
        or_needs = "= \"net |= \"cat |= \"type |= \"cmd/c"
    strings:
        $body = /body(\.plain)?: ([^\n]{0,200}&)?(cmd|command|c|exec|execute|e|x|pass|shell|ant|run|z1?|comando|ejecutar)=\s{0,4}(cmd(\.exe)?\s?\/c\s?)?"?(\/bin\/)?(whoami|id|ifconfig|ipconfig|ls|dir|pwd|uname|netstat|systeminfo|tasklist|ps|net\s{1,3}(user|localgroup|view)|cat\s{1,3}\/|type\s{1,3}[a-z]:|hostname)\b[^\n&=]{0,80}(\n|&| )/ nocase
    condition:
        $body
}

/* The programs that drive them, by how each wraps its orders. */
rule Request_Webshell_Code
{
    meta:
        author = "Vigia"
        description_es = "una orden del sistema para una puerta trasera del servidor"
        description_en = "a system command for a back door of the server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "high"
        needs = "passthru|shell_exec|popen|assert|print_r|echo(|echo |system(|system |exec(|exec |eval(|eval "
        or_needs = "qgluav9zzxqoimrpc3bsyxlfzxjyb3jz|ini_set|response.write|response.end|asenc|asoutput|cmd=connect"
        or_needs = "cmd=read|cmd=forward|cmd=disconnect|x-cmd:|on error resume next"
    strings:
        $code = /(uri|body)(\.plain)?: [^\n]{0,600}=\s{0,4}@?(system|passthru|shell_exec|exec|popen|eval|assert|print_r|echo)\s?\(\s?['"`]?[^\n]{1,80}\)\s?;/ nocase
        $chopper1 = "QGluaV9zZXQoImRpc3BsYXlfZXJyb3Jz"
        $chopper2 = /@?ini_set\s?\(\s?['"]display_errors['"][\s\S]{0,80}@?set_time_limit\s?\(\s?0/
        $chopper3 = /=@?eval\s?\(\s?@?(base64_decode|get_magic_quotes_gpc|\$_(POST|GET|REQUEST))/ nocase
        $chopper4 = /Response\.(Write|End)[\s\S]{0,200}(->\||\|<-)/
        $chopper5 = /=\s{0,2}(Execute|Eval)\s?\([\s\S]{0,40}On Error Resume Next/ nocase
        $ant = /asenc\(|@asoutput\(|function\s{1,2}asenc/
        $tunnel1 = /uri: [^\n]{1,200}\?cmd=(connect|read|forward|disconnect)(&target=[^\n]{1,80}&port=\d|\n)/ nocase
        $tunnel2 = /\bX-CMD: (CONNECT|READ|FORWARD|DISCONNECT)/
    condition:
        any of them
}

/* Webshells of one program each: what is sent to known holes of office suites. */
rule Request_Picture_Upload
{
    meta:
        author = "Vigia"
        description_es = "una imagen subida que el servidor ejecuta como programa"
        description_en = "an uploaded picture that the server runs as a program"
        reference = "https://owasp.org/www-community/vulnerabilities/Unrestricted_File_Upload"
        severity = "critical"
        needs = "<?php|<%|<jsp:"
        needs = "$_|getruntime|processbuilder|new com|eval|system|exec|request"
    strings:
        $name = /name(\.plain)?: [^\n]{1,200}\.(jpe?g|png|gif|bmp|ico|txt|pdf|docx?)\n/ nocase
        $type = /type: image\//
        $code = /(<\?php|<%@?\s{0,4}(page|=|!)|<jsp:)/ nocase
        $run = /(\$_(GET|POST|REQUEST|COOKIE)\s?\[|getRuntime|ProcessBuilder|new\s{1,4}COM\s?\(|eval\s?\(|system\s?\(|exec\s?\(|Request\s?[\[(.])/ nocase
    condition:
        ($name or $type) and $code and $run
}

rule Request_Picture_Include
{
    meta:
        author = "Vigia"
        description_es = "una imagen subida que el servidor ejecuta como programa"
        description_en = "an uploaded picture that the server runs as a program"
        reference = "https://owasp.org/www-community/vulnerabilities/Unrestricted_File_Upload"
        severity = "critical"
        needs = "\"url\"|\"file\"|\"path\""
        needs = "../|\\u002e"
    strings:
        $include = /"(url|file|path)"\s?:\s?"[^"\n]{0,20}(\.\.\/|\\u002e|general\/\.\.)[^"\n]{1,200}\.(jpe?g|png|gif|txt|log)"/ nocase
    condition:
        $include
}
