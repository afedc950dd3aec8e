//! People's accounts in the directory are made, changed and deleted (`GRAPH 15.1` R6).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    approval::Way,
    directory::{UserFacts, reader::administers_users},
    id::{PersonId, PrincipalId},
    principal::{Principal, PrincipalKind},
    text::Name,
};
use ephor_store::tx::{credential::Credential, directory::UserEntry, lock::Lock};

use crate::{
    admin::{
        credential::{EVER, given, replaced},
        desk::{Command, Desk, Subject},
        user::{disable, priv_domain},
    },
    answer::Answer,
    schedule::close,
};

/// App roles by which an application changes people's accounts.
const GIVEN: [&str; 2] = ["User.ReadWrite.All", "Directory.ReadWrite.All"];

/// Most characters of a fact.
const LONGEST: usize = 256;

async fn require(desk: &mut Desk<'_>) -> Answer<()> {
    if administers_users(&desk.directory_roles().await?) || desk.is_given(&GIVEN).await? {
        return Ok(());
    }
    Err(Refusal::NotAdministrator.into())
}

/// What is said of a person; what is absent stays, `Some(None)` takes it away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserPatch {
    /// Name as shown.
    pub name: Option<String>,
    /// Name in mail form, by which the person signs in.
    pub upn: Option<String>,
    /// May sign in and hold.
    pub enabled: Option<bool>,
    /// Mail address.
    pub mail: Option<Option<String>>,
    /// First name.
    pub given_name: Option<Option<String>>,
    /// Last name.
    pub surname: Option<Option<String>>,
    /// What the person does.
    pub job_title: Option<Option<String>>,
    /// Where in the organisation.
    pub department: Option<Option<String>>,
    /// Where in the house.
    pub office_location: Option<Option<String>>,
    /// A telephone number.
    pub mobile_phone: Option<Option<String>>,
    /// Another one.
    pub business_phone: Option<Option<String>>,
    /// Language.
    pub preferred_language: Option<Option<String>>,
}

fn upn(text: &str) -> Result<String, Refusal> {
    let fits = |c: char| !c.is_control() && !c.is_whitespace() && !"\\/\"<>,;:()[]".contains(c);
    let is_one = text.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && !domain.contains('@') && text.chars().all(fits)
    });
    if !is_one || text.chars().count() > LONGEST {
        return Err(Refusal::Invalid { field: "userPrincipalName", rule: "must have the form name@domain" });
    }
    Ok(text.to_owned())
}

fn put(field: &'static str, place: &mut Option<String>, given: Option<Option<String>>) -> Result<(), Refusal> {
    let Some(given) = given else { return Ok(()) };
    if given.as_ref().is_some_and(|text| text.chars().count() > LONGEST || text.chars().any(char::is_control)) {
        return Err(Refusal::Invalid { field, rule: "at most 256 characters on one line" });
    }
    *place = given.filter(|text| !text.trim().is_empty());
    Ok(())
}

impl UserPatch {
    fn apply(self, principal: &mut Principal, facts: &mut UserFacts) -> Result<(), Refusal> {
        if let Some(name) = self.name {
            let unfit = |_| Refusal::Invalid { field: "displayName", rule: "1 to 256 characters on one line" };
            principal.display_name = Name::parse(&name).map_err(unfit)?.as_str().to_owned();
        }
        if let Some(text) = self.upn {
            principal.upn = Some(upn(&text)?);
        }
        put("mail", &mut facts.mail, self.mail)?;
        put("givenName", &mut facts.given_name, self.given_name)?;
        put("surname", &mut facts.surname, self.surname)?;
        put("jobTitle", &mut facts.job_title, self.job_title)?;
        put("department", &mut facts.department, self.department)?;
        put("officeLocation", &mut facts.office_location, self.office_location)?;
        put("mobilePhone", &mut facts.mobile_phone, self.mobile_phone)?;
        put("businessPhones", &mut facts.business_phone, self.business_phone)?;
        put("preferredLanguage", &mut facts.preferred_language, self.preferred_language)
    }
}

/// Makes an account.
#[derive(Clone, PartialEq, Eq)]
pub struct CreateUser {
    /// Short name, by which the person signs in as well.
    pub account: String,
    /// Argon2 text. Whoever gives somebody a way in is a person who signed in lately.
    pub password_hash: Option<String>,
    /// The rest; name and name in mail form are needed.
    pub rest: UserPatch,
}

impl std::fmt::Debug for CreateUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateUser").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Command for CreateUser {
    type Output = UserEntry;

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<UserEntry> {
        require(desk).await?;
        let needed = |field| Refusal::Invalid { field, rule: "is needed" };
        if self.rest.name.is_none() {
            return Err(needed("displayName").into());
        }
        if self.rest.upn.is_none() {
            return Err(needed("userPrincipalName").into());
        }
        let fits = |c: char| c.is_ascii_graphic() && !"@\\/[]\";:<>,()".contains(c);
        if self.account.is_empty() || self.account.len() > 64 || !self.account.chars().all(fits) {
            return Err(needed("mailNickname").into());
        }
        let id = PrincipalId::new(desk.call().ids().request.uuid());
        let mut principal = Principal {
            id,
            kind: PrincipalKind::User,
            person: PersonId::new(desk.derived_id("person", id.uuid())),
            domain: priv_domain(desk.tx).await?,
            account: self.account,
            display_name: String::new(),
            upn: None,
            enabled: self.rest.enabled.unwrap_or(true),
        };
        let mut facts = UserFacts { created: Some(desk.now()), ..UserFacts::default() };
        self.rest.apply(&mut principal, &mut facts)?;
        desk.tx.insert_principal(&principal).await?;
        desk.tx.put_directory_user(id, &facts).await?;
        // Whose names they are is for whoever gave them to know.
        given(desk, &principal, Way::Names).await?;
        if let Some(hash) = self.password_hash {
            desk.require_presence()?;
            given(desk, &principal, Way::Password).await?;
            let changed = desk.now();
            desk.tx.put_credential(&Credential { principal: id, hash, changed }).await?;
        }
        let username = principal.username();
        desk.changed(events::PRINCIPAL_CREATED, Subject::user(id), |record| record.erasable_text("username", username));
        Ok(UserEntry { principal, facts })
    }
}

/// The account, if the caller may change it.
async fn changeable(desk: &mut Desk<'_>, id: PrincipalId) -> Answer<UserEntry> {
    require(desk).await?;
    let unknown = Refusal::NotFound { what: "user" };
    let entry = desk.tx.directory_users_of(&[id]).await?.pop();
    let entry = entry.filter(|entry| entry.principal.kind == PrincipalKind::User).ok_or(unknown)?;
    desk.require_over(entry.principal.person).await?;
    Ok(entry)
}

/// Changes an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeUser {
    /// Which.
    pub id: PrincipalId,
    /// What of it.
    pub patch: UserPatch,
}

impl Command for ChangeUser {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::user(self.id)
    }

    fn locks(&self) -> Vec<Lock> {
        disable::locks(self.id)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let UserEntry { mut principal, mut facts } = changeable(desk, self.id).await?;
        let (was, before) = (principal.clone(), facts.clone());
        let enabled = self.patch.enabled;
        self.patch.apply(&mut principal, &mut facts)?;
        if principal != was || facts != before {
            desk.tx.update_principal(&principal).await?;
            desk.tx.put_directory_user(self.id, &facts).await?;
            desk.changed(events::PRINCIPAL_CHANGED, Subject::user(self.id), |record| record);
        }
        if principal.upn != was.upn {
            renamed(desk, &principal).await?;
        }
        match enabled {
            Some(true) if !was.enabled => disable::enable(desk, &mut principal).await,
            Some(false) if was.enabled => disable::disable(desk, &mut principal).await.map(drop),
            Some(_) | None => Ok(()),
        }
    }
}

/// What began under the old name is over, and it takes a person's presence to give a new one.
async fn renamed(desk: &mut Desk<'_>, account: &Principal) -> Answer<()> {
    desk.require_presence()?;
    let now = desk.now();
    desk.tx.delete_sessions_of(account.id).await?;
    desk.tx.revoke_token_families_of(account.id, now).await?;
    desk.tx.revoke_api_tokens_of(account.id, now).await?;
    replaced(desk, account.id, Way::Renamed, EVER).await?;
    given(desk, account, Way::Renamed).await
}

/// Deletes an account. What it holds ends; its requests stay, under the id they name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeleteUser {
    /// Which.
    pub id: PrincipalId,
}

impl Command for DeleteUser {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::user(self.id)
    }

    fn locks(&self) -> Vec<Lock> {
        disable::locks(self.id)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let UserEntry { principal, .. } = changeable(desk, self.id).await?;
        let in_use = |by| Refusal::InUse { what: "the user", by };
        if desk.tx.user(self.id).await?.is_some() || desk.tx.user_of_corp(self.id).await?.is_some() {
            return Err(in_use("a PAM user: remove that first").into());
        }
        disable::keep_last(desk, &principal).await?;
        close::everything_of(desk, self.id).await?;
        if !desk.tx.memberships_of(self.id).await?.is_empty() {
            return Err(in_use("memberships that a target has not confirmed as removed: try again later").into());
        }
        for template in desk.tx.administrator_roles(self.id).await? {
            desk.tx.delete_administrator(self.id, template).await?;
        }
        desk.tx.delete_principal(self.id).await?;
        let username = principal.username();
        desk.changed(events::PRINCIPAL_DELETED, Subject::user(self.id), |record| {
            record.erasable_text("username", username)
        });
        Ok(())
    }
}
