//! The options of a list, resolved: what is kept, in which order, how much of it at once, and where it goes on
//! (`GRAPH 3.4`).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ephor_odata::v4::{BindFault, Expanded, Order, Predicate, Search, Shape};
use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    answer::Reply,
    call::Call,
    error::{Answer, GraphError},
};

/// What holds for the lists of one kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Rows of a page.
    pub(crate) page: usize,
    /// `$skip` is understood.
    pub(crate) skips: bool,
    /// Counting and searching need `ConsistencyLevel: eventual`.
    pub(crate) eventual: bool,
    /// Navigations that are found for many rows at once.
    pub(crate) expands: &'static [&'static str],
}

impl Rules {
    /// Users, groups, service principals and their memberships.
    pub(crate) const OBJECTS: Self = Self { page: 100, skips: false, eventual: true, expands: &["manager"] };
    /// Roles and what is given of them.
    pub(crate) const PRIVILEGED: Self = Self {
        page: 500,
        skips: true,
        eventual: false,
        expands: &["principal", "roleDefinition", "directoryScope", "appScope", "inheritsPermissionsFrom"],
    };
    /// Audits.
    pub(crate) const AUDITS: Self = Self { page: 1000, skips: false, eventual: false, expands: &[] };
    /// Alerts. Their rows hold what can be expanded.
    pub(crate) const ALERTS: Self =
        Self { expands: &["alertDefinition", "alertConfiguration", "alertIncidents"], ..Self::PRIVILEGED };
    /// Schedules, and requests for them.
    pub(crate) const SCHEDULES: Self = Self {
        expands: &[
            "principal",
            "roleDefinition",
            "directoryScope",
            "appScope",
            "group",
            "activatedUsing",
            "targetSchedule",
            "steps",
            "stages",
        ],
        ..Self::PRIVILEGED
    };
    /// Policies and what they are the policies of. Their rows hold what can be expanded.
    pub(crate) const POLICIES: Self = Self { expands: &["policy", "rules", "effectiveRules"], ..Self::PRIVILEGED };
}

/// A list as it was asked for.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Declared type of the rows.
    pub(crate) of: &'static str,
    set: String,
    pub(crate) predicate: Option<Predicate>,
    pub(crate) search: Option<Search>,
    pub(crate) order: Vec<Order>,
    shape: Shape,
    /// Most rows of the answer.
    pub(crate) size: usize,
    pub(crate) skip: usize,
    pub(crate) token: Option<Token>,
    pub(crate) counts: bool,
    applied: Option<usize>,
}

/// Where a list goes on. Opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    /// Name of the last row, for lists by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Id of the last row.
    pub(crate) id: String,
}

impl Token {
    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() <= 4096)?;
        serde_json::from_slice(&bytes).ok()
    }

    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl From<BindFault> for GraphError {
    fn from(fault: BindFault) -> Self {
        Self::bad_request(fault.to_string())
    }
}

impl Plan {
    /// Resolves the options of a call for a list of `of`, which `@odata.context` calls `set`.
    ///
    /// # Errors
    /// 400 for what is not understood.
    pub(crate) fn of(call: &Call, of: &'static str, set: impl Into<String>, rules: Rules) -> Answer<Self> {
        let (model, options) = (call.model(), &call.options);
        if options.skip.is_some() && !rules.skips {
            return Err(GraphError::bad_object("'$skip' is not supported by the service."));
        }
        if options.deltatoken.is_some() {
            return Err(GraphError::bad_request("'$deltatoken' is not supported here."));
        }
        if let Some(search) = &options.search {
            if !rules.eventual || !call.is_eventual() {
                return Err(GraphError::unsupported_query(
                    "Request with $search query parameter only works with an eventual ConsistencyLevel header.",
                ));
            }
            for member in search.members() {
                model.member(of, member).ok_or_else(|| BindFault::Unknown {
                    name: member.to_owned(),
                    of: format!("microsoft.graph.{of}"),
                })?;
            }
        }
        let predicate = options.filter.as_ref().map(|filter| Predicate::bind(model, of, filter)).transpose()?;
        let shape = Shape::bind(model, of, options)?;
        if shape.expand.iter().any(|expanded| !rules.expands.contains(&expanded.name.as_str())) {
            return Err(GraphError::unsupported_query("This $expand is not supported for lists."));
        }
        check_depth(&shape)?;
        let unread = || GraphError::bad_request("The $skiptoken is not valid.");
        let token = options.skiptoken.as_deref().map(|text| Token::read(text).ok_or_else(unread)).transpose()?;
        let preferred = call.preferred_page();
        let page = preferred.map_or(rules.page, |preferred| preferred.min(rules.page));
        let top = options.top.map_or(page, |top| usize::try_from(top).unwrap_or(page));
        Ok(Self {
            of,
            set: set.into(),
            predicate,
            search: options.search.clone(),
            order: Order::bind(model, of, &options.orderby)?,
            shape,
            size: if preferred.is_some() { top.min(page) } else { top },
            // The first page was skipped to already.
            skip: if token.is_some() { 0 } else { options.skip.and_then(|skip| skip.try_into().ok()).unwrap_or(0) },
            counts: options.count && token.is_none() && (!rules.eventual || call.is_eventual()),
            token,
            applied: preferred,
        })
    }

    /// Navigations that must be known of a row before it can be decided, put in order or shown.
    pub(crate) fn needs(&self, call: &Call) -> Vec<String> {
        let model = call.model();
        let mut needs: Vec<String> = self.shape.expand.iter().map(|expanded| expanded.name.clone()).collect();
        needs.extend(self.decides_by(call));
        needs.sort_unstable();
        needs.dedup();
        needs.retain(|name| model.member(self.of, name).is_some());
        needs
    }

    fn decides_by(&self, call: &Call) -> Vec<String> {
        let model = call.model();
        let mut needs = self.predicate.as_ref().map(|it| it.needs(model, self.of)).unwrap_or_default();
        needs.extend(self.order.iter().filter_map(|order| order.needs(model, self.of)));
        needs
    }

    /// Whether a row stays.
    pub(crate) fn keeps(&self, row: &Value) -> bool {
        let text = |member: &str| {
            let members = row.as_object()?;
            let (_, value) = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(member))?;
            value.as_str().map(str::to_owned)
        };
        self.predicate.as_ref().is_none_or(|predicate| predicate.matches(row))
            && self.search.as_ref().is_none_or(|search| search.matches(&text))
    }

    /// The answer: rows of one page, what they are part of, where it goes on.
    pub(crate) fn answer(&self, call: &Call, rows: &[Value], count: Option<u64>, next: Option<&Token>) -> Reply {
        let model = call.model();
        let value: Vec<Value> = rows.iter().map(|row| self.shape.apply(model, self.of, row)).collect();
        let context = call.context(&format!("{}{}", self.set, self.shape.suffix()));
        let mut body = Map::new();
        body.insert("@odata.context".to_owned(), context.into());
        if let Some(count) = count {
            body.insert("@odata.count".to_owned(), count.into());
        }
        if let Some(next) = next {
            body.insert("@odata.nextLink".to_owned(), next_link(call, next).into());
        }
        body.insert("value".to_owned(), value.into());
        let reply = Reply::json(Value::Object(body));
        match self.applied {
            Some(size) => applied(reply, size),
            None => reply,
        }
    }
}

fn applied(reply: Reply, size: usize) -> Reply {
    match HeaderValue::from_str(&format!("odata.maxpagesize={size}")) {
        Ok(value) => reply.with(HeaderName::from_static("preference-applied"), value),
        Err(_) => reply,
    }
}

/// The same call, going on after the last row.
fn next_link(call: &Call, next: &Token) -> String {
    let raw = call.uri.query().unwrap_or_default();
    let kept = raw.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        let name = percent_decode_str(name).decode_utf8_lossy();
        let name = name.trim().trim_start_matches('$').to_ascii_lowercase();
        !pair.is_empty() && name != "skiptoken" && name != "skip"
    });
    let mut query: Vec<String> = kept.map(str::to_owned).collect();
    query.push(format!("$skiptoken={}", next.text()));
    format!("{}{}?{}", call.service, call.uri.path(), query.join("&"))
}

/// One object below a set: what was selected and expanded of it.
///
/// # Errors
/// 400 for what is not understood.
pub(crate) fn shape(call: &Call, of: &str) -> Answer<Shape> {
    let shape = Shape::bind(call.model(), of, &call.options)?;
    check_depth(&shape)?;
    Ok(shape)
}

/// Navigations whose rows hold what is behind them, so that more can be expanded there.
const HELD: [&str; 8] =
    ["policy", "rules", "effectiveRules", "alertDefinition", "alertConfiguration", "alertIncidents", "steps", "stages"];

/// What lies behind an object is found for the rows of an answer, and no deeper: better refused than shown as nothing.
fn check_depth(shape: &Shape) -> Answer<()> {
    let is_flat = |expanded: &Expanded| HELD.contains(&expanded.name.as_str()) || expanded.shape.expand.is_empty();
    match shape.expand.iter().find(|expanded| !is_flat(expanded)) {
        None => Ok(()),
        Some(deep) => Err(GraphError::unsupported_query(format!("An $expand within {} is not supported.", deep.name))),
    }
}

/// The answer of one object.
pub(crate) fn single(call: &Call, of: &str, set: &str, shape: &Shape, row: &Value) -> Reply {
    let mut body = shape.apply(call.model(), of, row);
    let context = call.context(&format!("{set}{}/$entity", shape.suffix()));
    if let Value::Object(members) = &mut body {
        members.insert("@odata.context".to_owned(), context.into());
    }
    Reply::json(body)
}

/// A list of texts.
pub(crate) fn texts(call: &Call, texts: Vec<String>) -> Reply {
    Reply::json(json!({"@odata.context": call.context("Collection(Edm.String)"), "value": texts}))
}
