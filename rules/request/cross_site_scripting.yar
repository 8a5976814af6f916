/* SPDX-License-Identifier: Apache-2.0 */
rule Request_Script_In_Parameter
{
    meta:
        author = "Vigia"
        description_es = "un programa escondido en un dato de la página (XSS)"
        description_en = "a script hidden in a value of the page (XSS)"
        reference = "https://owasp.org/www-community/attacks/xss/"
        severity = "medium"
        false_positives = "Editors of web pages send HTML in forms; so bodies are judged more narrowly than addresses."
        needs = "javascript:|vbscript:|document.cookie|<script|< script|</script|</ script|< /script|< / script"
        or_needs = "onerror|onload|onclick|onmouse|onfocus|ontoggle|onstart|onpointer|onkey|onbegin|onanimation|onbefore"
        or_needs = "alert(|alert`|alert (|alert `|confirm(|confirm`|confirm (|confirm `|prompt(|prompt`|prompt (|prompt `"
    strings:
        $echo_tag = /<\s{0,2}script\b[^\n>]{0,80}>[^\n<]{0,80}(alert|confirm|prompt|document\.|eval|fetch|location|String\.fromCharCode)[^\n<]{0,80}<\s{0,2}\/\s{0,2}script/ nocase
        $echo_uri = /(uri|referer)(\.plain|\.code)?: [^\n]{0,4096}[=\/?&"'>]\s{0,4}<\s{0,2}\/?\s{0,2}script\b/ nocase
        $echo_event = /<\s{0,2}(img|svg|body|iframe|video|audio|input|details|marquee|object|embed|a|div|math|style|button|form|select|isindex)\b[^\n>]{0,200}\bon(error|load|click|mouseover|focus|toggle|start|pointer\w{2,8}|mouse\w{2,6}|key\w{2,5}|begin|animation\w{3,8}|beforescriptexecute)\s{0,4}=\s{0,4}["'`]?[^\n"'`>]{0,20}(alert|confirm|prompt|eval|document|window|top|self|this|location|fetch|import|javascript|\$\.)/ nocase
        $echo_break = /["']\s{0,4}(>|on(error|load|click|mouseover|focus)\s{0,4}=)[^\n]{0,80}(alert|confirm|prompt)\s{0,4}[(`]/ nocase
        $scheme = /[=\s"']\s{0,4}(javascript|vbscript):[^\n&]{0,60}(alert|confirm|prompt|document\.|eval|String\.fromCharCode)/ nocase
        $cookie = /document\.cookie[^\n]{0,80}(location|src|fetch|XMLHttpRequest|\+)/ nocase
        $where = /\n?(uri|body|agent|fields)(\.plain|\.code)?: / nocase
    condition:
        $where and any of ($echo*, $scheme, $cookie)
}
