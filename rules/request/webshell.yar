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
        needs = "whoami|ifconfig|ipconfig|uname|netstat|systeminfo|tasklist|hostname|/bin/|cmd.exe|=cmd/c| cmd/c|\ncmd/c|cmd /c"
        or_needs = "cmd\n/c|type |type\n|passthru|shell_exec|popen|assert|print_r|echo(|echo |echo\n|system(|system |system\n"
        or_needs = "exec(|exec |exec\n|eval(|eval |eval\n"
        or_needs = "=dir|=pwd|=arp|=ver|=env|=set|=net |=net\n|=cat |=cat\n|= dir|= pwd|= arp|= ver|= env|= set|= net |= net\n"
        or_needs = "= cat |= cat\n|=\ndir|=\npwd|=\narp|=\nver|=\nenv|=\nset|=\nnet |=\nnet\n|=\ncat |=\ncat\n|  dir|  pwd|  arp"
        or_needs = "  ver|  env|  set|  net |  net\n|  cat |  cat\n| \ndir| \npwd| \narp| \nver| \nenv| \nset| \nnet | \nnet\n"
        or_needs = " \ncat | \ncat\n|\n dir|\n pwd|\n arp|\n ver|\n env|\n set|\n net |\n net\n|\n cat |\n cat\n|\n\ndir|\n\npwd"
        or_needs = "\n\narp|\n\nver|\n\nenv|\n\nset|\n\nnet |\n\nnet\n|\n\ncat |\n\ncat\n"
        or_needs = "= id|= ls|= ps|=\nid|=\nls|=\nps|  id|  ls|  ps| \nid| \nls| \nps|\n id|\n ls|\n ps|\n\nid|\n\nls|\n\nps"
        or_needs = "?cmd=id|?cmd=ls|?cmd=ps|?command=id|?command=ls|?command=ps|?c=id|?c=ls|?c=ps|?exec=id|?exec=ls|?exec=ps"
        or_needs = "?execute=id|?execute=ls|?execute=ps|?e=id|?e=ls|?e=ps|?x=id|?x=ls|?x=ps|?pass=id|?pass=ls|?pass=ps|?shell=id"
        or_needs = "?shell=ls|?shell=ps|?ant=id|?ant=ls|?ant=ps|?run=id|?run=ls|?run=ps|?do=id|?do=ls|?do=ps|?q=id|?q=ls|?q=ps"
        or_needs = "?z=id|?z=ls|?z=ps|?z1=id|?z1=ls|?z1=ps|?comando=id|?comando=ls|?comando=ps|?ejecutar=id|?ejecutar=ls"
        or_needs = "?ejecutar=ps|?0=id|?0=ls|?0=ps|?1=id|?1=ls|?1=ps|&cmd=id|&cmd=ls|&cmd=ps|&command=id|&command=ls|&command=ps"
        or_needs = "&c=id|&c=ls|&c=ps|&exec=id|&exec=ls|&exec=ps|&execute=id|&execute=ls|&execute=ps|&e=id|&e=ls|&e=ps|&x=id|&x=ls"
        or_needs = "&x=ps|&pass=id|&pass=ls|&pass=ps|&shell=id|&shell=ls|&shell=ps|&ant=id|&ant=ls|&ant=ps|&run=id|&run=ls|&run=ps"
        or_needs = "&do=id|&do=ls|&do=ps|&q=id|&q=ls|&q=ps|&z=id|&z=ls|&z=ps|&z1=id|&z1=ls|&z1=ps|&comando=id|&comando=ls"
        or_needs = "&comando=ps|&ejecutar=id|&ejecutar=ls|&ejecutar=ps|&0=id|&0=ls|&0=ps|&1=id|&1=ls|&1=ps| cmd=id| cmd=ls| cmd=ps"
        or_needs = " command=id| command=ls| command=ps| c=id| c=ls| c=ps| exec=id| exec=ls| exec=ps| execute=id| execute=ls"
        or_needs = " execute=ps| e=id| e=ls| e=ps| x=id| x=ls| x=ps| pass=id| pass=ls| pass=ps| shell=id| shell=ls| shell=ps"
        or_needs = " ant=id| ant=ls| ant=ps| run=id| run=ls| run=ps| do=id| do=ls| do=ps| q=id| q=ls| q=ps| z=id| z=ls| z=ps"
        or_needs = " z1=id| z1=ls| z1=ps| comando=id| comando=ls| comando=ps| ejecutar=id| ejecutar=ls| ejecutar=ps| 0=id| 0=ls"
        or_needs = " 0=ps| 1=id| 1=ls| 1=ps"
        or_needs = "qgluav9zzxqoimrpc3bsyxlfzxjyb3jz|ini_set|asenc|asoutput|cmd=connect|cmd=read|cmd=forward|cmd=disconnect|x-cmd:"
        odd = true
    strings:
        $get = /uri(\.plain)?: [^\n?]{1,200}\.(php\d?|phtml|jspx?|aspx?|ashx|cfm|cgi|pl)\?([^\n]{0,200}&)?(cmd|command|c|exec|execute|e|x|pass|shell|ant|run|do|q|z1?|comando|ejecutar|0|1)=\s{0,4}(cmd(\.exe)?\s?\/c\s?)?"?(\/bin\/)?(whoami|id|ifconfig|ipconfig|ls|dir|pwd|uname|netstat|systeminfo|tasklist|ps|net\s{1,3}(user|localgroup|view)|cat\s{1,3}\/|type\s{1,3}[a-z]:|hostname|arp|ver|env|set)\b[^\n&=]{0,80}(\n|&| )/ nocase
        $body = /body(\.plain)?: ([^\n]{0,200}&)?(cmd|command|c|exec|execute|e|x|pass|shell|ant|run|z1?|comando|ejecutar)=\s{0,4}(cmd(\.exe)?\s?\/c\s?)?"?(\/bin\/)?(whoami|id|ifconfig|ipconfig|ls|dir|pwd|uname|netstat|systeminfo|tasklist|ps|net\s{1,3}(user|localgroup|view)|cat\s{1,3}\/|type\s{1,3}[a-z]:|hostname)\b[^\n&=]{0,80}(\n|&| )/ nocase
        $code = /(uri|body)(\.plain)?: [^\n]{0,600}=\s{0,4}@?(system|passthru|shell_exec|exec|popen|eval|assert|print_r|echo)\s?\(\s?['"`]?[^\n]{1,80}\)\s?;/ nocase
        $chopper1 = "QGluaV9zZXQoImRpc3BsYXlfZXJyb3Jz"
        $chopper2 = /@?ini_set\s?\(\s?['"]display_errors['"][\s\S]{0,80}@?set_time_limit\s?\(\s?0/
        $chopper3 = /=@?eval\s?\(\s?@?(base64_decode|get_magic_quotes_gpc|\$_(POST|GET|REQUEST))/ nocase
        $chopper4 = /Response\.(Write|End)[\s\S]{0,200}(->\||\|<-)/
        $ant = /asenc\(|@asoutput\(|function\s{1,2}asenc/
        $tunnel1 = /uri: [^\n]{1,200}\?cmd=(connect|read|forward|disconnect)(&target=[^\n]{1,80}&port=\d|\n)/ nocase
        $tunnel2 = /\bX-CMD: (CONNECT|READ|FORWARD|DISCONNECT)/
    condition:
        any of them
}

/* Webshells of one program each: what is sent to known holes of office suites. */
rule Request_Include_Upload
{
    meta:
        author = "Vigia"
        description_es = "una imagen subida que el servidor ejecuta como programa"
        description_en = "an uploaded picture that the server runs as a program"
        reference = "https://owasp.org/www-community/vulnerabilities/Unrestricted_File_Upload"
        severity = "critical"
        odd = true
    strings:
        $name = /name(\.plain)?: [^\n]{1,200}\.(jpe?g|png|gif|bmp|ico|txt|pdf|docx?)\n/ nocase
        $type = /type: image\//
        $code = /body(\.plain)?: [\s\S]{0,2000}(<\?php|<%@?\s{0,4}(page|=|!)|<jsp:)/ nocase
        $run = /(\$_(GET|POST|REQUEST|COOKIE)\s?\[|getRuntime|ProcessBuilder|new\s{1,4}COM\s?\(|eval\s?\(|system\s?\(|exec\s?\(|Request\s?[\[(.])/ nocase
        $include = /"(url|file|path)"\s?:\s?"[^"\n]{0,20}(\.\.\/|\\u002e|general\/\.\.)[^"\n]{1,200}\.(jpe?g|png|gif|txt|log)"/ nocase
    condition:
        (($name or $type) and $code and $run) or $include
}
