/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions ask for SQL where a value belongs: an end of the value before it (quote, number, bracket)
 * or words that only a database knows. */
rule Request_SQL_Union
{
    meta:
        author = "Vigia"
        description_es = "una inyección de SQL que saca otras tablas (UNION)"
        description_en = "a SQL injection that draws other tables (UNION)"
        reference = "https://owasp.org/www-community/attacks/SQL_Injection"
        severity = "high"
        needs = "select"
    strings:
        $union = /['")\d%\s=]union\s+(all\s+|distinct\s+)?\(?\s*select\b[^\n]{0,80}(,|\bnull\b|\bfrom\b|\(|@@|\s-?\d)/ nocase
        $schema = /\bselect\b[^\n]{1,120}\bfrom\b[^\n]{1,20}\b(information_schema|mysql\.user|sysobjects|syscolumns|sqlite_master|pg_catalog|pg_shadow|all_tables|msysobjects)\b/ nocase
        $users = /['")]\s*[^\n]{0,40}\bselect\b[^\n]{1,80}\bfrom\b\s+\w{0,24}(users?|admins?|members?|accounts?|usuarios)\b/ nocase
    condition:
        any of them
}

rule Request_SQL_Blind
{
    meta:
        author = "Vigia"
        description_es = "una inyección de SQL que pregunta a ciegas"
        description_en = "a SQL injection that asks blindly"
        reference = "https://owasp.org/www-community/attacks/Blind_SQL_Injection"
        severity = "high"
        needs = "sleep|benchmark|receive_message|randomblob|waitfor|case when| or | and |order by|group by|'or |'or'"
        or_needs = "'or\"|'or(|'and |'and'|'and\"|'and(|' or |' or'|' or\"|' or(|' and |' and'|' and\"|' and(|\"or |\"or'"
        or_needs = "\"or\"|\"or(|\"and |\"and'|\"and\"|\"and(|\" or |\" or'|\" or\"|\" or(|\" and |\" and'|\" and\""
        or_needs = "\" and(|)or |)or'|)or\"|)or(|)and |)and'|)and\"|)and(|) or |) or'|) or\"|) or(|) and |) and'|) and\""
        or_needs = ") and(|'\\\\|'&&|' \\\\|' &&|\"\\\\|\"&&|\" \\\\|\" &&|)\\\\|)&&|) \\\\|) &&|'--|'#|';--|'; --|' --"
        or_needs = "' #|' ;--|' ; --|\"--|\"#|\";--|\"; --|\" --|\" #|\" ;--|\" ; --|)--|)#|);--|); --|) --|) #|) ;--"
        or_needs = ") ; --"
    strings:
        $same1 = /['"]\)*\s*(or\b|and\b|\|\||&&)\s*\(*\s*['"]?(\w{1,12})['"]?\s*(=|like|<|>)\s*['"(]?\w{1,12}\b/ nocase
        $same2 = /(=-?\d{1,9}|['"])\)*\s+(or|and)\s+\(*\s*\d{1,5}\s*=\s*\d{1,5}\b/ nocase
        $same3 = /['"]\s*(or|and)\s*(true|false|not)\b/ nocase
        $sleep = /\b(sleep|benchmark|pg_sleep|dbms_pipe\.receive_message|randomblob)\s*\(\s*[^\n)]{1,80}\)/ nocase
        $wait = /\bwaitfor\s+delay\s+['"]/ nocase
        $order = /['"]\)*\s*(order|group)\s+by\s+\d{1,3}\s*(--|#|,|\/\*|$|\n)/ nocase
        $end = /=[^&\n]{0,24}['"]\)*\s*(--|#|;\s*--)(\s|\n|$|&)/
        $case = /\b(and|or|select)\s*\(?\s*case\s+when\b/ nocase
        $context = /(uri|body)(\.plain|\.code)?: /
    condition:
        $context and (any of ($same*) or any of ($sleep, $wait, $order, $end, $case))
}

rule Request_SQL_Functions
{
    meta:
        author = "Vigia"
        description_es = "una inyección de SQL que interroga a la base de datos"
        description_en = "a SQL injection that questions the database"
        reference = "https://owasp.org/www-community/attacks/SQL_Injection"
        severity = "high"
        needs = "extractvalue|updatexml|floor|xp_cmdshell|sp_oacreate|xp_regread|xp_dirtree|openrowset|utl_http"
        or_needs = "utl_inaddr|ctxsys|dbms_ldap|@@version|@@datadir|current_user|load_file|sqlmap|havij|bsqlbf|sqlninja"
        or_needs = "jsql|ghauri|convert(|convert |char(|char |chr(|chr |version(|version |;drop|;alter|;create|;truncate"
        or_needs = ";insert|;delete|;update|;exec|;declare|;shutdown|; drop|; alter|; create|; truncate|; insert|; delete"
        or_needs = "; update|; exec|; declare|; shutdown|from program|to program|'+'|'+\"|'+ '|'+ \"|'\\\\'|'\\\\\""
        or_needs = "'\\\\ '|'\\\\ \"|' +'|' +\"|' + '|' + \"|' \\\\'|' \\\\\"|' \\\\ '|' \\\\ \"|\"+'|\"+\"|\"+ '|\"+ \""
        or_needs = "\"\\\\'|\"\\\\\"|\"\\\\ '|\"\\\\ \"|\" +'|\" +\"|\" + '|\" + \"|\" \\\\'|\" \\\\\"|\" \\\\ '"
        or_needs = "\" \\\\ \""
    strings:
        $error = /\b(extractvalue|updatexml)\s*\(\s*[^\n]{0,40}(concat|select|0x)/ nocase
        $floor = /\bfloor\s*\(\s*rand\s*\(\s*0\s*\)\s*\*\s*2/ nocase
        $mssql = /\b(xp_cmdshell|sp_oacreate|xp_regread|xp_dirtree|openrowset\s*\()/ nocase
        $convert = /\bconvert\s*\(\s*int\s*,\s*\(?\s*(select|db_name|user|@@)/ nocase
        $oracle = /\b(utl_http\.request|utl_inaddr\.get_host|ctxsys\.drithsx|dbms_ldap)\b/ nocase
        $postgres = /\bcopy\b[^\n]{1,80}\b(from|to)\s+program\b/ nocase
        $stacked = /['")\d]\s*;\s*(drop|alter|create|truncate|insert\s+into|delete\s+from|update\s+\w{1,40}\s+set|exec(ute)?|declare|shutdown)\b/ nocase
        $chars = /(\b(char|chr|nchar)\s*\(\s*\d{2,3}\s*\)\s*[+|]{1,2}\s*){3}/ nocase
        $version = /['")=]\s*[^\n]{0,20}\b(@@version|@@datadir|version\s*\(\s*\)|current_user\s*\(\s*\)|load_file\s*\()/ nocase
        $concat = /['"]\s*(\+|\|\|)\s*['"]\w/
        $marks = /\b(sqlmap|havij|bsqlbf|sqlninja|jsql|ghauri)\b/ nocase
        $where = /(uri|body)(\.plain|\.code)?: [^\n]{0,4096}/
    condition:
        ($where and any of ($error, $floor, $mssql, $convert, $oracle, $postgres, $stacked, $chars, $version)) or
        for any i in (1..#concat) : (for any j in (1..#where) : (@concat[i] > @where[j] and @concat[i] < @where[j] + !where[j])) or
        $marks
}

rule Request_SQL_Writes_File
{
    meta:
        author = "Vigia"
        description_es = "una inyección de SQL que escribe un archivo en el servidor"
        description_en = "a SQL injection that writes a file on the server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        needs = "outfile|dumpfile|general_log_file|slow_query_log_file"
    strings:
        $file = /\binto\s+(out|dump)file\s+['"0]/ nocase
        $log = /\bset\s+global\s+(general_log_file|slow_query_log_file)\s*=/ nocase
    condition:
        any of them
}
