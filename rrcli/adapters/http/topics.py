"""The page of `rrcli help items`."""

from __future__ import annotations

from rrcli.engine.manifest import Topic

ITEMS = Topic(
    title="The words behind a URL: parts of a request, one each.",
    text="""\
An ITEM is a part of the request in one word: a name, a separator that says what it is, and a value. The method and the URL stand before.

Items:
  name=value\tA member of a JSON object, as text; with --form a field of a form.
  name:=JSON\tA member that is JSON: age:=3, ok:=true, tags:='["a","b"]'.
  Name:value\tA field of the request; Name: takes a default away, Name; sends an empty one.
  name==value\tA parameter of the query, encoded.
  name@FILE\tA file as a part of a multipart form; name@FILE;type=text/csv says its type.
  name=@FILE\tText from a file; likewise name:=@FILE, Name:@FILE and name==@FILE.
  @FILE\tAlone: the file is the whole content, its media type by its name.

Names of JSON members can be paths:
  user[name]=ann\t{"user": {"name": "ann"}}
  tags[]=x tags[]=y\t{"tags": ["x", "y"]}
  list[2]=z\t{"list": [null, null, "z"]}
  []=x\t["x"]

Examples:
  rrcli http POST :8080/users name=ann age:=3 'tags[]=new'
  rrcli http :8080/search q=='a b' Accept:text/html
  rrcli http --form POST :8080/login user=ann file@photo.png
  rrcli http PUT :8080/users/7 @user.json

Items with content make the request a POST unless a method is named. A backslash before a separator takes its meaning away: \
a\\:b=c has the name a:b. curl's -d and -F work too, but the content has one source. :8080/x is http://localhost:8080/x.
""",
)
