/* SPDX-License-Identifier: Apache-2.0 */
rule Request_Command_Injection
{
    meta:
        author = "Vigia"
        description_es = "órdenes del sistema metidas en un dato"
        description_en = "orders for the system put into a value"
        reference = "https://owasp.org/www-community/attacks/Command_Injection"
        severity = "high"
        needs = "whoami|uname|ifconfig|ipconfig|netstat|systeminfo|/bin/|/dev/tcp|/dev/udp|powershell|certutil|cmd.exe"
        or_needs = "cmd | /tmp| /var| /dev| /mnt|;id|;pwd|; id|; pwd|\\id|\\pwd|\\ id|\\ pwd|`id|`pwd|` id|` pwd|$(id"
        or_needs = "$(pwd|$( id|$( pwd|&&id|&&pwd|&& id|&& pwd|;cat |;tac |;nl |;nc |;dig |;ls |;dir |;rm |;sh |;head "
        or_needs = "; cat |; tac |; nl |; nc |; dig |; ls |; dir |; rm |; sh |; head |\\cat |\\tac |\\nl |\\nc |\\dig "
        or_needs = "\\ls |\\dir |\\rm |\\sh |\\head |\\ cat |\\ tac |\\ nl |\\ nc |\\ dig |\\ ls |\\ dir |\\ rm |\\ sh "
        or_needs = "\\ head |`cat |`tac |`nl |`nc |`dig |`ls |`dir |`rm |`sh |`head |` cat |` tac |` nl |` nc |` dig "
        or_needs = "` ls |` dir |` rm |` sh |` head |$(cat |$(tac |$(nl |$(nc |$(dig |$(ls |$(dir |$(rm |$(sh |$(head "
        or_needs = "$( cat |$( tac |$( nl |$( nc |$( dig |$( ls |$( dir |$( rm |$( sh |$( head |&&cat |&&tac |&&nl |&&nc "
        or_needs = "&&dig |&&ls |&&dir |&&rm |&&sh |&&head |&& cat |&& tac |&& nl |&& nc |&& dig |&& ls |&& dir |&& rm "
        or_needs = "&& sh |&& head |wget |curl |tftp |ftpget |fetch |lwp-download |more |type |tail |less |ncat |netcat "
        or_needs = "telnet |ping |nslookup |host |echo |sleep |kill |bash |busybox |reboot |touch |mkfifo |printf |chmod "
    strings:
        $sep_get = /[;|&`\n(]\s{0,4}(\/bin\/|\/usr\/bin\/)?(wget|curl|tftp|ftpget|fetch|lwp-download)\s{1,4}[^\n]{0,40}((https?|ftp):\/\/|-[a-zA-Z]\s|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})/ nocase
        $sep_id = /[=&?"'\w]\s{0,4}(;|\||\|\||&&|`|\$\()\s{0,4}(\/bin\/|\/usr\/bin\/)?(id|whoami|uname(\s{1,2}-[a-z])?|ifconfig|ipconfig|netstat|systeminfo|pwd)\s{0,4}(;|\||&|`|\)|#|\n|$|>|"|')/ nocase
        $sep_cat = /[=&?"'\w]\s{0,4}(;|\||\|\||&&|`|\$\()\s{0,4}(\/bin\/|\/usr\/bin\/)?(cat|more|type|head|tail|less|nl|tac)\s{1,4}[^\n]{0,12}(\/|\\|c:|\.\.|\w{1,20}\.(php|ini|conf|txt))/ nocase
        $sep_net = /(;|\||&&|`|\$\()\s{0,4}(nc|ncat|netcat|telnet|ping|nslookup|dig|host)\s{1,4}[^\n]{0,20}(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|-[a-z]\s{1,2}\d|[a-z0-9-]{2,40}\.[a-z]{2,10})/ nocase
        $sep_ls = /[=&?"'\w]\s{0,4}(;|\||\|\||&&|`|\$\()\s{0,4}(ls|dir|rm|chmod|echo|sleep|kill|sh|bash|busybox|reboot|touch|mkfifo|printf)\s{1,4}(-[a-zA-Z]{1,6}\b|\/|\d{1,4}\b|\+x|777|c:\\)/ nocase
        $reverse1 = /\/dev\/(tcp|udp)\/[\w.-]{4,60}\/\d{2,5}/
        $reverse2 = /\bbash\s{1,4}-i\b[^\n]{0,20}>/
        $reverse3 = /mkfifo\s[^\n]{1,60}\|\s?\/bin\/(ba)?sh/
        $dropper1 = /cd\s{1,4}\/(tmp|var|dev\/shm|mnt)\b[^\n]{0,40}(;|\||&)[^\n]{0,80}(wget|curl|tftp|rm\s{1,3}-rf)/ nocase
        $dropper2 = /(wget|curl)\s[^\n]{4,200}(-O-?|\|)\s{0,4}[^\n]{0,40}(sh|bash|perl|python)\b/ nocase
        $dropper3 = /chmod\s{1,4}(\+x|777|0?755)\s[^\n]{1,80}(;|&&)\s{0,3}(\.\/|\/tmp|sh\b)/ nocase
        $power1 = /powershell(\.exe)?\s[^\n]{0,80}(-e(nc|ncodedcommand)?\s|downloadstring|iex|-w(indowstyle)?\s{1,3}hidden|invoke-webrequest|iwr\s)/ nocase
        $power2 = /\bcmd(\.exe)?\s{1,4}\/c\s{1,4}\S/ nocase
        $power3 = /\bcertutil(\.exe)?\s[^\n]{0,40}-urlcache/ nocase
    condition:
        any of them
}
