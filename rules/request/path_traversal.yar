/* SPDX-License-Identifier: Apache-2.0 */
rule Request_Path_Traversal
{
    meta:
        author = "Vigia"
        description_es = "un intento de leer archivos del sistema (../)"
        description_en = "an attempt to read files of the system (../)"
        reference = "https://owasp.org/www-community/attacks/Path_Traversal"
        severity = "medium"
        needs = "passwd|shadow|hosts|/group|/issue|crontab|environ|cmdline|self/fd|win.ini|system32|system.ini|/repair"
        or_needs = "winnt|boot.ini|web.xml|.ssh/id_|.aws/credentials|cgi-bin/.|cgi-bin/%|icons/.|icons/%|assets/."
        or_needs = "assets/%|static/.|static/%|public/.|public/%|plugins/.|plugins/%|\\group|\\issue|\\repair|self\\fd"
        or_needs = ".ssh\\id_|.aws\\credentials|cgi-bin\\.|cgi-bin\\%|icons\\.|icons\\%|assets\\.|assets\\%|static\\."
        or_needs = "static\\%|public\\.|public\\%|plugins\\.|plugins\\%"
    strings:
        $deep = /(\.{2,3}[\/\\]{1,3}){3}/
        $up = /\.\.[\/\\;]/
        $file = /[\/\\](etc[\/\\]{1,2}(passwd|shadow|hosts|group|issue|crontab)|proc[\/\\]self[\/\\](environ|cmdline|fd)|windows[\/\\]{1,2}(win\.ini|system32|system\.ini|repair)|winnt[\/\\]|boot\.ini|WEB-INF[\/\\]web\.xml|\.ssh[\/\\]id_|\.aws[\/\\]credentials)/ nocase
        $uri = /(uri|body|fields)(\.plain|\.code)?: [^\n]{0,2048}(etc[\/\\]{1,2}(passwd|shadow)\b|boot\.ini\b|win\.ini\b|proc[\/\\]self[\/\\]environ)/ nocase
        $dot = /[\/\\](cgi-bin|icons|assets|static|public|plugins)[\/\\](\.\.?[\/\\]|\.%2e|%%32%65|%2e%2e)/ nocase
    condition:
        $uri or $dot or ($up and $file) or ($deep and $file)
}

rule Request_Path_Traversal_Deep
{
    meta:
        author = "Vigia"
        description_es = "un intento de salir de la carpeta del sitio (../../)"
        description_en = "an attempt to leave the folder of the site (../../)"
        reference = "https://owasp.org/www-community/attacks/Path_Traversal"
        severity = "medium"
        false_positives = "Careless programs ask for ../ in paths; so four steps are asked for, in an address."
        needs = "../.|..//|..%2|..%5|..%c|.%2e|%2e.|%2e%2e|..\\"
    strings:
        $uri = /uri(\.plain|\.code)?: [^\n]{0,1024}(\.\.[\/\\]{1,2}){4}/
        $encoded = /uri: [^\n]{0,1024}((\.|%2e)(\.|%2e)(%2f|%5c|%252f|%c0%af|%255c)){2}/ nocase
    condition:
        any of them
}

rule Request_File_Inclusion
{
    meta:
        author = "Vigia"
        description_es = "un intento de hacer que el servidor ejecute otro archivo"
        description_en = "an attempt to have the server run another file"
        reference = "https://owasp.org/www-project-web-security-testing-guide/"
        severity = "high"
        needs = "php://|expect://|phar://|zip://|data:text/|data://text/|/var/log/|access.log|access_log|/proc/self/fd"
    strings:
        $wrapper = /[=:]\s{0,4}(php:\/\/(input|filter|stdin|memory|fd)|expect:\/\/|phar:\/\/|zip:\/\/[^\n]{1,80}%23|data:(\/\/)?text\/(plain|html)[^\n]{0,40}(base64|<\?))/ nocase
        $log = /=[^\n&]{0,80}(\/var\/log\/(apache2?|nginx|httpd|auth|mail)|access[._]log|\/proc\/self\/fd\/\d)/ nocase
    condition:
        any of them
}

rule Request_Remote_Inclusion
{
    meta:
        author = "Vigia"
        description_es = "un intento de hacer que el servidor ejecute otro archivo"
        description_en = "an attempt to have the server run another file"
        reference = "https://owasp.org/www-project-web-security-testing-guide/"
        severity = "high"
        needs = "=http://|=https://|=ftp://"
        needs = ".txt??|.txt?&|.txt? |.txt?\n|.php??|.php?&|.php? |.php?\n|.gif??|.gif?&|.gif? |.gif?\n|.jpg??|.jpg?&"
        or_needs = ".jpg? |.jpg?\n|.dat??|.dat?&|.dat? |.dat?\n|.log??|.log?&|.log? |.log?\n"
    strings:
        $remote = /\.(php|asp|aspx|jsp|cgi)\?[^\n ]{0,80}=(https?|ftp):\/\/[^\n& ]{4,120}\.(txt|php|gif|jpg|dat|log)\?{1,2}(\s|\n|&|$)/ nocase
    condition:
        $remote
}
