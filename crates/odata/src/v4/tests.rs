//! Filters, expansions, paths and shapes over a small model.

use serde_json::{Value, json};

use super::{
    BindFault, Edition, Filter, Key, Model, Options, Order, Predicate, Search, Segment, Shape, SyntaxFault,
    options::OptionFault,
};

const MODEL: &str = "
enum access owner=1 member=2
complex schedule
  startDateTime DateTimeOffset
  length Duration
entity entity abstract
  id String !
entity object < entity open
  deletedDateTime DateTimeOffset
entity user < object open hide=deletedDateTime
  displayName String
  mail String -
  kinds [String] !
  accountEnabled Boolean
  boss -> object
entity role < entity
  displayName String =
  weight Int32 beta
entity line < entity
  principalId String
  access access
  schedule schedule
  principal -> object
  role -> role
  steps => [role]
set users user
";

fn model() -> Model {
    Model::parse(MODEL, Edition::V1).unwrap()
}

fn line() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.line",
        "id": "L1",
        "principalId": "0A1B2C3D-4E5F-6789-ABCD-EF0123456789",
        "access": "member",
        "schedule": {"startDateTime": "2026-03-02T10:00:00Z", "length": "PT1H"},
        "principal": {"@odata.type": "#microsoft.graph.user", "id": "u", "displayName": "Alice O'Brien",
            "kinds": ["Unified"], "accountEnabled": true, "mail": null, "deletedDateTime": null},
        "role": {"@odata.type": "#microsoft.graph.role", "id": "r", "displayName": "User Administrator", "weight": 3},
        "steps": [{"@odata.type": "#microsoft.graph.role", "id": "s1", "displayName": "b"},
            {"@odata.type": "#microsoft.graph.role", "id": "s2", "displayName": "a"}],
    })
}

#[track_caller]
fn keeps(filter: &str) -> bool {
    let model = model();
    let filter = Filter::parse(filter).unwrap_or_else(|fault| panic!("{filter}: {fault}"));
    Predicate::bind(&model, "line", &filter).unwrap_or_else(|fault| panic!("{fault}")).matches(&line())
}

#[test]
fn every_form_decides() {
    for filter in [
        "id eq 'L1'",
        "ID EQ 'l1'",
        "  id  eq\t'l1' ",
        "principalId eq '0a1b2c3d-4e5f-6789-abcd-ef0123456789'",
        "principalId eq 0a1b2c3d-4e5f-6789-abcd-ef0123456789",
        "PrincipalId ne 'x'",
        "access eq 'Member'",
        "access eq microsoft.graph.access'member'",
        "access in ('owner','member')",
        "access in('member')",
        "principal/id eq 'u' and access eq 'member'",
        "principal/displayName eq 'alice o''brien'",
        "startswith(principal/displayName,'ali')",
        "startswith( tolower(principal/displayName) , 'alice') eq true",
        "not startswith(principal/displayName,'bob')",
        "endswith(principal/displayName,'BRIEN')",
        "contains(principal/displayName,'o''b')",
        "tolower(role/displayName) eq 'user administrator'",
        "toupper(role/displayName) eq toupper('User administrator')",
        "role/weight gt 2 and role/weight le 3.0",
        "principal/kinds/any(c:c eq 'unified')",
        "principal/kinds/any()",
        "principal/kinds/all(c: c ne 'x' and principal/id eq 'u')",
        "steps/any(s: s/displayName eq 'a')",
        "principal/accountEnabled",
        "principal/accountEnabled and not (access eq 'owner')",
        "principal/accountEnabled eq true",
        "principal/mail eq null",
        "principal/mail ne 'x'",
        "schedule/startDateTime eq 2026-03-02T12:00:00+02:00",
        "schedule/startDateTime ge 2026-03-02T09:59:59.9999999Z",
        "schedule/length eq duration'PT60M'",
        "(id eq 'L1' or id eq 'L2') and (access eq 'member')",
        "id eq 'L2' or id eq 'L1'",
        "(id eq 'L1') eq true",
        "true",
    ] {
        assert!(keeps(filter), "{filter}");
    }
    for filter in [
        "id eq 'L2'",
        "role/displayName eq 'user administrator'",
        "principal/kinds/all(c: c eq 'x')",
        "not (id eq 'L1')",
        "schedule/startDateTime lt 2026-03-02T10:00:00Z",
        "access in ('owner')",
        "id eq 'L1' and access eq 'owner' or id eq 'L2'",
        "principal/mail eq 'x'",
    ] {
        assert!(!keeps(filter), "{filter}");
    }
}

#[test]
fn what_cannot_be_read_says_where() {
    let at = |at| Err(SyntaxFault::Unexpected { at });
    for (filter, fault) in [
        ("", at(0)),
        ("id", Ok(())),
        ("id eq", at(5)),
        ("id eq 'x", Err(SyntaxFault::OpenLiteral { at: 6 })),
        ("(id eq 'x'", at(10)),
        ("id eq 'x')", at(9)),
        ("id like 'x'", at(3)),
        ("nonsense(id) eq 'x'", Err(SyntaxFault::UnknownFunction { at: 0 })),
        ("id eq other", at(6)),
        ("'x' eq id", at(0)),
        ("id eq 2026-13-01", at(6)),
        ("id in 'x'", at(6)),
        ("id in ()", at(7)),
        ("startswith(id)", at(13)),
        ("id eq 'x' and", at(13)),
        ("a/any(x x eq 1)", at(8)),
    ] {
        assert_eq!(Filter::parse(filter).map(drop), fault, "{filter}");
    }
    assert_eq!(Filter::parse(&format!("{}id eq 'x'", "not ".repeat(21))), Err(SyntaxFault::TooDeep));
    assert_eq!(Filter::parse(&format!("{}id eq 'x'", "(".repeat(4000))), Err(SyntaxFault::TooDeep));
    assert_eq!(Filter::parse(&"x".repeat(9000)), Err(SyntaxFault::TooLong));
}

#[test]
fn what_the_model_does_not_have_is_refused() {
    let model = model();
    let bound = |filter: &str| Predicate::bind(&model, "line", &Filter::parse(filter).unwrap()).map(drop);
    let unknown =
        |name: &str, of: &str| Err(BindFault::Unknown { name: name.into(), of: format!("microsoft.graph.{of}") });
    assert_eq!(bound("nothing eq 'x'"), unknown("nothing", "line"));
    assert_eq!(bound("role/kinds eq 'x'"), unknown("kinds", "role"));
    assert_eq!(bound("principal/nothing eq 'x'"), unknown("nothing", "object"));
    assert_eq!(
        bound("principal/accountEnabled eq 'x'"),
        Err(BindFault::Mismatch { name: "principal/accountEnabled".into() })
    );
    assert_eq!(bound("principal/kinds eq 'x'"), Err(BindFault::Misused { name: "principal/kinds".into() }));
    assert_eq!(bound("id/any()"), Err(BindFault::Misused { name: "id".into() }));
    assert_eq!(bound("id"), Err(BindFault::Misused { name: "id".into() }));
    assert_eq!(bound("id gt null"), Err(BindFault::Misused { name: "id".into() }));
    assert!(Order::bind(&model, "line", &[(vec!["nothing".into()], false)]).is_err());
    let select = Options::parse("$select=id,nothing").unwrap();
    let fault = Shape::bind(&model, "line", &select).unwrap_err();
    assert_eq!(fault.to_string(), "Could not find a property named 'nothing' on type 'microsoft.graph.line'.");
}

#[test]
fn a_store_finds_what_it_may_look_up() {
    let model = model();
    let bound = |filter: &str| Predicate::bind(&model, "line", &Filter::parse(filter).unwrap()).unwrap();
    assert_eq!(bound("access eq 'member' and id eq 'L1'").equals(&["id"]), Some(vec!["l1"]));
    assert_eq!(bound("id in ('a','b')").equals(&["id"]), Some(vec!["a", "b"]));
    assert_eq!(bound("principal/id eq 'u'").equals(&["principal", "id"]), Some(vec!["u"]));
    for filter in
        ["id eq 'a' or access eq 'member'", "not (id eq 'a')", "id ne 'a'", "tolower(id) eq 'a'", "id eq null"]
    {
        assert_eq!(bound(filter).equals(&["id"]), None, "{filter}");
    }
    assert_eq!(bound("startswith(id,'A')").prefix(&["id"]), Some("a"));
    assert_eq!(bound("principal/id eq 'u' and role/id eq 'r'").needs(&model, "line"), ["principal", "role"]);
}

#[test]
fn rows_are_shaped_as_asked() {
    let model = model();
    let shaped = |query: &str| {
        let shape = Shape::bind(&model, "line", &Options::parse(query).unwrap()).unwrap();
        (shape.suffix(), shape.apply(&model, "line", &line()))
    };
    let (suffix, row) = shaped("");
    assert_eq!(suffix, "");
    let schedule = json!({"startDateTime": "2026-03-02T10:00:00Z", "length": "PT1H"});
    let principal = "0A1B2C3D-4E5F-6789-ABCD-EF0123456789";
    assert_eq!(row, json!({"id": "L1", "principalId": principal, "access": "member", "schedule": schedule}));

    let (suffix, row) = shaped("$select=Access,%20id&%24expand=ROLE(%24select%3Did),principal");
    assert_eq!(suffix, "(access,id,role(id),principal())");
    let user = json!({"@odata.type": "#microsoft.graph.user", "id": "u", "displayName": "Alice O'Brien",
        "kinds": ["Unified"], "accountEnabled": true});
    assert_eq!(row, json!({"id": "L1", "access": "member", "role": {"id": "r"}, "principal": user}));

    let (suffix, row) = shaped("select=id&expand=steps(orderby=displayName;top=1;filter=startswith(id,'s');select=id)");
    assert_eq!((suffix.as_str(), row), ("(id,steps(id))", json!({"id": "L1", "steps": [{"id": "s2"}]})));

    let (suffix, _) = shaped("$expand=*");
    assert_eq!(suffix, "(principal(),role(),steps())");
    // What one edition alone has can be selected in the other.
    let (_, row) = shaped("$select=id&$expand=role($select=weight)");
    assert_eq!(row["role"], json!({"weight": 3}));
}

#[test]
fn options_are_understood_or_refused() {
    let fault = |raw: &str| Options::parse(raw).unwrap_err().to_string();
    assert_eq!(fault("$nonsense=1"), "The query parameter '$nonsense' is not supported.");
    assert_eq!(
        fault("$top=1&top=2"),
        "Query option '$top' was specified more than once, but it must be specified at most once."
    );
    assert_eq!(fault("$top=-1"), "Invalid value '-1' for $top query option found.");
    assert_eq!(fault("$top=1000"), "Invalid value '1000' for $top query option found.");
    assert_eq!(fault("$count=maybe"), "Invalid value 'maybe' for $count query option found.");
    assert_eq!(fault("$filter=%zz"), OptionFault::Encoding.to_string());
    assert_eq!(fault("$filter=id eq"), "Invalid $filter clause: Syntax error at position 5.");
    assert_eq!(fault("$expand=a($nonsense=1)"), "Invalid $expand clause: Syntax error at position 2.");
    assert_eq!(fault("$expand=a($select=b"), "Invalid $expand clause: Syntax error at position 11.");
    assert_eq!(fault("$select=,a"), "Invalid $select clause: Syntax error at position 0.");
    assert_eq!(fault("$format=xml"), "Invalid value 'xml' for $format query option found.");
    let deep = format!("$expand={}a{}", "a($expand=".repeat(6), ")".repeat(6));
    assert_eq!(fault(&deep), "Invalid $expand clause: The query option is nested too deeply.");
    let options =
        Options::parse("other=1&TOP=5&%24filter=id+eq+'a'&count=True&$orderby=id desc, principal/id").unwrap();
    assert_eq!((options.top, options.count), (Some(5), true));
    assert_eq!(options.orderby, [(vec!["id".into()], true), (vec!["principal".into(), "id".into()], false)]);
    assert_eq!(options.filter, Some(Filter::parse("id eq 'a'").unwrap()));
}

#[test]
fn rows_stand_in_order() {
    let model = model();
    let order = Order::bind(&model, "role", &[(vec!["displayname".into()], true), (vec!["id".into()], false)]).unwrap();
    let mut rows = [json!({"id": "1", "displayName": "b"}), json!({"id": "2"}), json!({"id": "0", "displayName": "B"})];
    Order::sort(&order, &mut rows);
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1", "0", "2"]);
}

#[test]
fn segments_have_keys() {
    let one = |key: &str| Some(Key::One(key.into()));
    let named = |pairs: &[(&str, &str)]| {
        Some(Key::Named(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()))
    };
    for (text, name, key) in [
        ("users", "users", None),
        ("users('a''b')", "users", one("a'b")),
        ("users(0a1b)", "users", one("0a1b")),
        ("users( 'x' )", "users", one("x")),
        ("roles(templateId = 'x', other='y')", "roles", named(&[("templateId", "x"), ("other", "y")])),
        ("filterByCurrentUser(on=principal)", "filterByCurrentUser", named(&[("on", "principal")])),
        ("delta()", "delta", named(&[])),
        ("users('x", "users('x", None),
        ("a(b)c", "a(b)c", None),
        ("(x)", "(x)", None),
    ] {
        assert_eq!(Segment::parse(text), Segment { name: name.into(), key }, "{text}");
    }
    assert_eq!(Segment::parse("f(ON='x')").argument("on"), Some("x"));
}

#[test]
fn searches_look_at_the_beginnings_of_words() {
    let finds = |search: &str| {
        let value = |member: &str| (member == "displayName").then(|| "Jen Field".to_owned());
        Search::parse(search).unwrap().matches(&value)
    };
    assert!(finds("\"displayName:fie\""));
    assert!(finds("\"displayName:JEN F\""));
    assert!(finds("\"displayName:x\" OR (\"displayName:jen\" AND \"displayName:field\")"));
    assert!(!finds("\"displayName:ield\""));
    assert!(!finds("\"mail:jen\""));
    for broken in ["", "displayName:x", "\"x\"", "\"displayName:x", "\"displayName:x\" XOR \"displayName:y\""] {
        assert!(Search::parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn lines_that_are_no_model_are_named() {
    for (text, line) in
        [("  a String", 1), ("entity", 1), ("entity a\n  b", 2), ("entity a\n  b String ?", 2), ("x", 1)]
    {
        assert_eq!(Model::parse(text, Edition::V1).map(drop).unwrap_err().0, line, "{text}");
    }
}
