"""The Markdown renderer's own checks: no input whatever gives HTML that is unbalanced or dangerous,
and small documents give what CommonMark says."""

import random
from html.parser import HTMLParser

from checking.cgi import Request

VOID = {"br", "hr", "img"}
ALLOWED = {
    "h1": (), "h2": (), "h3": (), "h4": (), "h5": (), "h6": (), "p": (), "blockquote": (), "ul": (),
    "ol": ("start",), "li": (), "pre": (), "code": ("class",), "em": (), "strong": (), "br": (),
    "hr": (), "a": ("href", "title"), "img": ("src", "alt", "title"), "table": (), "thead": (),
    "tbody": (), "tr": (), "th": ("align",), "td": ("align",),
}
SCHEMES = {"http", "https", "mailto", "tel"}


class SafetyReader(HTMLParser):
    """Reads HTML as a browser would and notes what must not be there."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open = []
        self.problem = ""

    def note(self, problem):
        self.problem = self.problem or problem

    def handle_starttag(self, tag, attrs):
        if tag not in ALLOWED:
            self.note(f"tag {tag}")
            return
        for name, value in attrs:
            if name not in ALLOWED[tag]:
                self.note(f"attribute {name} of {tag}")
            if name in ("href", "src"):
                self.check_address(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.note(f"</{tag}> does not close what is open")

    def check_address(self, address):
        # Browsers drop tabs and line ends from addresses and white space at the front.
        clean = "".join(c for c in address if c not in "\t\r\n").lstrip("".join(map(chr, range(33))))
        scheme, colon, _ = clean.partition(":")
        if colon and not set(scheme) & set("/?#") and scheme.lower() not in SCHEMES:
            self.note(f"address {address}")

    def handle_comment(self, data):
        self.note("a comment")

    def handle_decl(self, decl):
        self.note("a declaration")

    def handle_pi(self, data):
        self.note("a processing instruction")

    def unknown_decl(self, data):
        self.note("a declaration")


def unsafe(html):
    reader = SafetyReader()
    reader.feed(html)
    reader.close()
    return reader.problem or (f"left open: {reader.open}" if reader.open else "")


FRAGMENT = "fragment=1"
PIECES = """* ** *** _ __ ` `` ``` ~~~ [ ] ![ ]( ]: ) ( < > <b> </p> <script> <!-- --> <![CDATA[ <?x
javascript: JaVaScRiPt: data: vbscript: &#106;avascript: java&#9;script: http://a.b/ mailto:a@b.c
" ' "t" & &amp; &lt; &quot; &#0; &#x27; &#34; onerror= style= \\ \\[ \\< # ## ====== --- - + 1. 2) > >>
| |-| |:-:| - a b c word é 日本 \ufffd http: //x ?q #f %22 %3Cscript%3E""".split() + [
    " ", "  ", "    ", "\t", "\n", "\n\n", "\n", "\r\n", "\r", "\0", "\u00a0", "\n> ", "\n- ", "\n    ",
    "\n| a | b |\n|---|--:|\n| ", "[a]: javascript:x\n", "[b]: <http://x y> 'z'\n", "](<javascript:x>)"]


def check_safety(example, rounds):
    rng = random.Random(3)
    for turn in range(rounds):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 400)))
        what = f"random pieces {turn}"
        answer = example.expect_status(what, Request(text.encode(), query=FRAGMENT), 200)
        example.tell(what, unsafe(answer.body.decode()))


# What goes in and what comes out, as CommonMark 0.31 has it unless a comment says otherwise.
PAIRS = [
    ("# Title #\n", "<h1>Title</h1>\n"),
    ("Title\n=====\n", "<h1>Title</h1>\n"),
    ("####### seven\n", "<p>####### seven</p>\n"),
    ("a\nb  \nc\\\nd\n", "<p>a\nb<br />\nc<br />\nd</p>\n"),
    ("*a **b** c*\n", "<p><em>a <strong>b</strong> c</em></p>\n"),
    ("***a***\n", "<p><em><strong>a</strong></em></p>\n"),
    ("snake_case_name and 2*3*4\n", "<p>snake_case_name and 2<em>3</em>4</p>\n"),
    ("**a* b\n", "<p>*<em>a</em> b</p>\n"),
    ("`` a`b ``\n", "<p><code>a`b</code></p>\n"),
    ("`a\n", "<p>`a</p>\n"),
    ("```c++ x\nif (a < b && c) {}\n\n```\n",
     '<pre><code class="language-c++">if (a &lt; b &amp;&amp; c) {}\n\n</code></pre>\n'),
    ("    code\n\n    more\n\ntext\n", "<pre><code>code\n\nmore\n</code></pre>\n<p>text</p>\n"),
    ("- a\n- b\n  - c\n- d\n",
     "<ul>\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul>\n</li>\n<li>d</li>\n</ul>\n"),
    ("- a\n\n- b\n", "<ul>\n<li>\n<p>a</p>\n</li>\n<li>\n<p>b</p>\n</li>\n</ul>\n"),
    ("3. a\n4. b\n", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>\n'),
    ("- a\n+ b\n", "<ul>\n<li>a</li>\n</ul>\n<ul>\n<li>b</li>\n</ul>\n"),
    ("> a\nb\n>\n> - c\n",
     "<blockquote>\n<p>a\nb</p>\n<ul>\n<li>c</li>\n</ul>\n</blockquote>\n"),
    ("* * *\n", "<hr />\n"),
    ('[a](/b "c&d")\n', '<p><a href="/b" title="c&amp;d">a</a></p>\n'),
    ("[a](<b c> 'd')\n", '<p><a href="b%20c" title="d">a</a></p>\n'),
    ("[*a* ![b](c)](d)\n", '<p><a href="d"><em>a</em> <img src="c" alt="b" /></a></p>\n'),
    ("![a *b* [c](d)](e)\n", '<p><img src="e" alt="a b c" /></p>\n'),
    ("[a [b](c) d](e)\n", '<p>[a <a href="c">b</a> d](e)</p>\n'),
    ("[A  b] and [x][a B]\n\n[a b]: /y\n",
     '<p><a href="/y">A  b</a> and <a href="/y">x</a></p>\n'),
    ("[a] [b]\n", "<p>[a] [b]</p>\n"),
    ("<https://a.b/?c&d> <e@f.g>\n",
     '<p><a href="https://a.b/?c&amp;d">https://a.b/?c&amp;d</a> '
     '<a href="mailto:e@f.g">e@f.g</a></p>\n'),
    ("&copy; &#65;&#x42; &nonsense; &amp;lt;\n", "<p>© AB &amp;nonsense; &amp;lt;</p>\n"),
    ("\\*a\\* \\b\n", "<p>*a* \\b</p>\n"),
    ("\ta\n", "<pre><code>a\n</code></pre>\n"),
    # Raw HTML is text.
    ("a <b onclick='x'>c</b>\n", "<p>a &lt;b onclick='x'&gt;c&lt;/b&gt;</p>\n"),
    ("<script>alert(1)</script>\n", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
    # Dangerous addresses are left out.
    ("[a](javascript:alert(1))\n", '<p><a href="">a</a></p>\n'),
    ("[a](JAVA&#x53;CRIPT&colon;x)\n", '<p><a href="JAVASCRIPT&amp;colon;x">a</a></p>\n'),
    ("[a](&#x6a;avascript&#58;x)\n", '<p><a href="">a</a></p>\n'),
    ("![a](data:text/html,x)\n", '<p><img src="" alt="a" /></p>\n'),
    ("<javascript:alert(1)>\n", "<p>&lt;javascript:alert(1)&gt;</p>\n"),
    ('[a](b "x\\" onerror=\\"y")\n',
     '<p><a href="b" title="x&quot; onerror=&quot;y">a</a></p>\n'),
    # Tables are an extension.
    ("| a | b |\n|:--|--:|\n| *c* | `d\\|e` |\n| f |\n",
     '<table>\n<thead>\n<tr>\n<th align="left">a</th>\n<th align="right">b</th>\n</tr>\n</thead>\n'
     '<tbody>\n<tr>\n<td align="left"><em>c</em></td>\n<td align="right"><code>d|e</code></td>\n</tr>\n'
     '<tr>\n<td align="left">f</td>\n<td align="right"></td>\n</tr>\n</tbody>\n</table>\n'),
    ("", ""),
]

# Documents that would take quadratic time or memory if nobody had thought of them; all of the largest
# size that is allowed.
HEAVY = ["*a ", "*a**b ", "_a*", "[", "![", "[a](", '[a](b "', "`a``", "<", "&", "-\n", "- a\n", ">\n",
         "> a\n\n", "|a|\n", "a**b", "[a]: b\n", "![[a](b)", '"', "#\n", "\\"]
SIZE_MAX = 512 * 1024


def check_heavy(example):
    for piece in HEAVY:
        text = (piece * (SIZE_MAX // len(piece))).encode()
        example.expect_status(f"many {piece!r}", Request(text, query=FRAGMENT), 200)
    runs = "".join("`" * i + " " for i in range(1, 1000)).encode()
    example.expect_status("backticks of all lengths", Request(runs, query=FRAGMENT), 200)
    deep = Request(b"> " * 2000 + b"a", query=FRAGMENT)
    answer = example.expect_status("deep quotes", deep, 200)
    example.tell("deep quotes", "" if 10 < answer.body.count(b"<blockquote>") <= 64 else "not bounded")
    lists = "".join("  " * i + "- a\n" for i in range(500)).encode()
    example.expect_status("deep lists", Request(lists, query=FRAGMENT), 200)
    wide = "|a" * 64 + "|\n" + "|-" * 64 + "|\n" + "a\n" * 200_000
    example.expect_status("a table larger than the page", Request(wide.encode()), 413)
    copied = "[a]: /" + "x" * 10_000 + "\n\n" + "[a]" * 100_000
    answer = example.expect_status("one long address many times", Request(copied.encode()), 200)
    example.tell("one long address many times",
                 "" if len(answer.body) < 3_000_000 else f"{len(answer.body)} bytes")


def check_page(example):
    document = b"text\n\n## A *title* & more\n"
    page = example.expect_status("page", Request(document), 200)
    for part in (b"<!DOCTYPE html>", b"<title>A title &amp; more</title>",
                 b"<h2>A <em>title</em> &amp; more</h2>\n</body>"):
        example.tell("page", "" if part in page.body else f"no {part!r}")
    example.tell("page", "" if "default-src 'none'" in page.headers.get("content-security-policy", "")
                 else "no security policy")
    form = "application/x-www-form-urlencoded"
    sent = example.expect_status("form", Request(b"markdown_text=%23+a%26b%0D%0A%0D%0A%2Bc",
                                                 query=FRAGMENT, content_type=form), 200)
    example.tell("form", "" if sent.body == b"<h1>a&amp;b</h1>\n<p>+c</p>\n" else repr(sent.body))
    example.expect_status("bad form", Request(b"markdown_text=%2", content_type=form), 400)
    # curl's --data-binary says that a document is a form.
    plain = example.expect_status("document as a form", Request(b"*a* 100%\n", query=FRAGMENT,
                                                                content_type=form), 200)
    example.tell("document as a form", "" if plain.body == b"<p><em>a</em> 100%</p>\n"
                 else repr(plain.body))


def check(example):
    for text, html in PAIRS:
        answer = example.expect_status(repr(text), Request(text.encode(), query=FRAGMENT), 200)
        got = answer.body.decode()
        example.tell(repr(text), "" if got == html else f"{got!r}, expected {html!r}")
    check_page(example)
    check_safety(example, 200)
    check_heavy(example)
    for what, body in {"lone continuation": b"a\x80", "overlong": b"\xc0\xaf", "cut": b"a\xe2\x82",
                       "surrogate": b"\xed\xa0\x80", "beyond": b"\xf4\x90\x80\x80",
                       "UTF-16": "a b".encode("utf-16")}.items():
        example.expect_status("invalid UTF-8: " + what, Request(body), 400)
    nul = example.expect_status("NUL", Request(b"a\0b", query=FRAGMENT), 200)
    example.tell("NUL", "" if nul.body.decode() == "<p>a\ufffdb</p>\n" else repr(nul.body))
    example.expect_status("too large", Request(b"a" * (SIZE_MAX + 1)), 413)
