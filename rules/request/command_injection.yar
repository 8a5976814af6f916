/* SPDX-License-Identifier: Apache-2.0 */
rule Request_Command_Injection
{
    meta:
        author = "Vigia"
        description_es = "órdenes del sistema metidas en un dato"
        description_en = "orders for the system put into a value"
        reference = "https://owasp.org/www-community/attacks/Command_Injection"
        severity = "high"
        needs = "whoami|uname|ifconfig|ipconfig|netstat|systeminfo|/bin/|/dev/tcp|/dev/udp|powershell|certutil|cmd.exe|cmd "
        or_needs = "cmd\n| /tmp| /var| /dev| /mnt|\n/tmp|\n/var|\n/dev|\n/mnt"
        or_needs = ";id |;id\n|;id;|;id&|;id)|;id\\|;pwd |;pwd\n|;pwd;|;pwd&|;pwd)|;pwd\\|&id |&id\n|&id;|&id&|&id)|&id\\|&pwd "
        or_needs = "&pwd\n|&pwd;|&pwd&|&pwd)|&pwd\\| id | id\n| id;| id&| id)| id\\| pwd | pwd\n| pwd;| pwd&| pwd)| pwd\\|\nid "
        or_needs = "\nid\n|\nid;|\nid&|\nid)|\nid\\|\npwd |\npwd\n|\npwd;|\npwd&|\npwd)|\npwd\\|\\id |\\id\n|\\id;|\\id&|\\id)"
        or_needs = "\\id\\|\\pwd |\\pwd\n|\\pwd;|\\pwd&|\\pwd)|\\pwd\\"
        or_needs = ";cat |;cat\n|;tac |;tac\n|;nl |;nl\n|;nc |;nc\n|;dig |;dig\n|;ls |;ls\n|;dir |;dir\n|;rm |;rm\n|;sh |;sh\n"
        or_needs = "&cat |&cat\n|&tac |&tac\n|&nl |&nl\n|&nc |&nc\n|&dig |&dig\n|&ls |&ls\n|&dir |&dir\n|&rm |&rm\n|&sh |&sh\n"
        or_needs = " cat | cat\n| tac | tac\n| nl | nl\n| nc | nc\n| dig | dig\n| ls | ls\n| dir | dir\n| rm | rm\n| sh | sh\n"
        or_needs = "\ncat |\ncat\n|\ntac |\ntac\n|\nnl |\nnl\n|\nnc |\nnc\n|\ndig |\ndig\n|\nls |\nls\n|\ndir |\ndir\n|\nrm "
        or_needs = "\nrm\n|\nsh |\nsh\n|\\cat |\\cat\n|\\tac |\\tac\n|\\nl |\\nl\n|\\nc |\\nc\n|\\dig |\\dig\n|\\ls |\\ls\n|\\dir "
        or_needs = "\\dir\n|\\rm |\\rm\n|\\sh |\\sh\n"
        or_needs = "wget |wget\n|curl |curl\n|tftp |tftp\n|ftpget |ftpget\n|fetch |fetch\n|lwp-download |lwp-download\n|more "
        or_needs = "more\n|type |type\n|tail |tail\n|less |less\n|ncat |ncat\n|netcat |netcat\n|telnet |telnet\n|ping |ping\n"
        or_needs = "nslookup |nslookup\n|host |host\n|echo |echo\n|sleep |sleep\n|kill |kill\n|bash |bash\n|busybox |busybox\n"
        or_needs = "reboot |reboot\n|touch |touch\n|mkfifo |mkfifo\n|printf |printf\n|chmod |chmod\n|;head |;head\n|&head |&head\n"
        or_needs = "\\head |\\head\n|\nhead |\nhead\n|; head |; head\n|& head |& head\n|\\ head |\\ head\n|  head |  head\n"
        or_needs = "\n head |\n head\n"
        odd = true
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
