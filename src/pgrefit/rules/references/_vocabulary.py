"""Words that column and table names are made of, in the singular."""

from __future__ import annotations

from pgrefit.rules._names import MARKS

GENERIC = {
    *MARKS, "code", "name", "no", "nr", "num", "number", "pk", "oid", "rowid", "slug", "value",
    "type", "kind", "date", "day", "time", "title", "email", "status", "state", "version", "position", "hash", "token",
    "seq", "sequence", "url", "path", "label", "order", "level", "year", "month", "phone", "data", "digest", "rank",
    "idx", "index", "line", "period", "count", "timestamp", "description", "createdat", "sk", "cod", "codigo", "kod",
    "updatedat", "rowguid", "externalid", "publicid", "",
}  # fmt: skip
QUANTITIES = {
    "rating", "score", "point", "amount", "quantity", "price", "size", "length", "weight", "age", "duration",
    "priority", "total", "stock", "balance", "limit", "height", "width", "rate", "cost", "discount", "tax",
}  # fmt: skip
COUNTED = {"max", "min", "num", "number", "no", "nr", "n", "count", "total", "avg", "sum", "per", "every", "is", "has",
           "allow", "use", "limit", "maximum", "minimum"}  # fmt: skip
CODES = {
    "no",
    "nr",
    "num",
    "nummer",
    "numero",
    "code",
    "cod",
    "codigo",
    "kod",
    "cd",
    "sk",
    "pk",
    "oid",
    "numer",
    "номер",
    "код",
    "bianhao",
    "daima",
}  # cust_no
SHORT_FORMS = {
    "acct": "account", "addr": "address", "cntry": "country", "ctry": "country", "dept": "department",
    "grp": "group", "img": "image", "msg": "message", "mgr": "manager", "pmt": "payment", "txn": "transaction",
    "usr": "user", "org": "organization", "whse": "warehouse", "wh": "warehouse", "cust": "customer",
    "emp": "employee", "qn": "question",
}  # fmt: skip
STAFF = {"employee", "staff", "worker", "empleado", "funcionario", "mitarbeiter", "medewerker", "dipendente"}
USERS = {"user", "usuario", "utilisateur", "benutzer", "nutzer", "utente", "gebruiker", "uzytkownik", "kullanici"}
PEOPLE = {
    "account", "person", "member", "profile", *STAFF, *USERS,
    "persona", "personne", "persoon", "pessoa", "membre", "membro", "miembro",
    "mitglied",
}  # fmt: skip
STAFF_ROLES = {"rep", "manager", "supervisor", "agent", "clerk", "boss", "mgr", "salesperson", "operator", "to", "lead",
               "jefe", "chef", "gerente", "vorgesetzter", "superior", "vendedor"}  # fmt: skip
ABROAD = {
    "autor", "bearbeiter", "besitzer", "betreuer", "ersteller", "leiter", "leiterin", "leitung", "vertreter",
    "absender", "empfaenger", "empfänger", "kaeufer", "käufer", "verkaeufer", "verkäufer", "fahrer", "lehrer",
    "schueler", "schüler", "pruefer", "prüfer", "gutachter", "antragsteller", "ansprechpartner", "arzt", "spieler",
    "leser", "dozent", "pfleger", "kunde", "inhaber", "vormund", "trainer",
    "responsable", "encargado", "cajero", "conductor", "comprador", "remitente", "destinatario", "titular",
    "contribuyente", "solicitante", "revisor", "supervisor", "medico", "profesor", "alumno", "creador", "propietario",
    "arrendatario", "inquilino", "jugador", "lector", "paciente", "dueno", "dueño", "tutor", "director",
    "responsavel", "criador", "dono", "motorista", "aprovador", "professor", "aluno", "medica", "jogador", "cliente",
    "auteur", "createur", "proprietaire", "expediteur", "destinataire", "acheteur", "vendeur", "chauffeur",
    "conducteur", "enseignant", "eleve", "parrain", "photographe", "redacteur", "validateur", "demandeur",
    "gestionnaire", "directeur", "medecin", "joueur", "lecteur", "locataire", "beneficiaire", "encadrant",
    "autore", "responsabile", "creatore", "mittente", "acquirente", "venditore", "autista", "docente", "studente",
    "revisore", "richiedente", "capo", "giocatore", "lettore", "paziente", "proprietario",
    "eigenaar", "maker", "afzender", "ontvanger", "koper", "verkoper", "docent", "beheerder", "leidinggevende",
    "behandelaar", "speler", "lezer", "huurder", "arts",
    "kierownik", "przelozony", "wlasciciel", "tworca", "nadawca", "odbiorca", "kupujacy", "sprzedawca", "kierowca",
    "prowadzacy", "uczestnik", "opiekun", "zastepca", "osoba", "zatwierdzil", "podpisal", "utworzyl", "zlozyl",
    "zamknal", "przyjal", "wystawil", "wykonal", "sprawdzil", "lekarz", "gracz", "czytelnik", "pacjent", "nauczyciel",
    "skapare", "avsandare", "mottagare", "ansvarig", "forfattare", "lakare", "spelare",
}  # fmt: skip
AMBIGUOUS = {
    "by",
    "to",
    "user",
    "person",
    "head",
    "lead",
    "host",
    "guest",
    "rep",
    "judge",
    "holder",
    "caller",
    "proxy",
    "maker",
    "capo",
    "chef",
    "agent",
    "operator",
    "actor",
    "customer",
    "client",
    "patient",
    "arts",
    "leitung",
    "winner",
    "opponent",
    "resident",
}  # which are numbers of something too
ROLES = {
    "author", "owner", "creator", "assignee", "reviewer", "approver", "editor", "sender", "receiver", "recipient",
    "buyer", "seller", "teacher", "instructor", "student", "host", "guest", "grader", "admin", "driver", "tutor",
    "mentor", "requester", "reporter", "sponsor", "moderator", "inviter", "invitee", "friend", "follower", "followee",
    "winner", "actor", "referrer", "referred", "uploader", "by", "user", "person", "submitter", "accessor", "verifier",
    "modifier", "initiator", "subscriber", "revoker", "commenter", "blocker", "voter", "applicant", "participant",
    "attendee", "organizer", "organiser", "speaker", "contributor", "maintainer", "collaborator", "trainer", "coach",
    "borrower", "lender", "payer", "payee", "donor", "holder", "caller", "inspector", "auditor", "technician",
    "responsible", "customer", "client", "leader", "captain", "head", "referee", "umpire", "judge", "advisor",
    "adviser", "counselor", "officer", "delegate", "deputy", "substitute", "proxy", "witness", "signer", "beneficiary",
    "guarantor", "landlord", "occupant", "resident", "doctor", "physician", "nurse", "surgeon", "therapist",
    "prescriber", "courier", "dispatcher", "photographer", "journalist", "translator", "director", "player", "opponent",
    "watcher", "viewer", "preparer", "custodian", "bidder", "passenger", "rider", "pilot", "reader", "patient",
    "salesman", "issuer", "orderer", "poster", *ABROAD, *STAFF_ROLES,
}  # fmt: skip
ABOVE = {"parent", "ancestor", "root", "child", "previous", "prev", "next", "reply", "predecessor", "successor",
         "padre", "pai", "eltern", "vater", "superior", "redirect", "replacement", "duplicate",
         "merged", "reponse", "respuesta", "resposta", "risposta", "antwort", "odpowiedz", "mere", "madre",
         "nadrzedny", "bovenliggend",
         "superiore", "superieur", "anterior", "previo", "precedent", "vorgaenger", "vorgänger"}  # fmt: skip
FILLER = {"tbl", "tab", "table", "t", "tb", "dim", "fact", "app", "lkp", "lkup", "lookup", "lu", "ref", "mst", "master",
          "m", "d", "f"}  # fmt: skip
KEPT_BY_DESIGN = {"archive", "archived", "backup", "bak", "old", "tmp", "temp", "staging", "stage", "import",
                  "snapshot", "shadow", "deleted", "quarantine", "trash"}  # fmt: skip
RECORDS = {"log", "audit", "history", "journal", "trail", "revision"}
PERSONAL = {"surname", "firstname", "lastname", "forename", "nickname", "nick", "username", "login", "birth",
            "birthday", "birthdate", "gender", "vorname", "geburtsdatum", "prenom", "pseudo", "apellido", "imie",
            "fullname", "dob", "email"}  # fmt: skip  # what tables of people have columns for
HIERARCHY = {"parent", "manager", "supervisor", "boss", "superior", "ancestor", "reply", "mgr"}
TO = {
    "report",
    "assigned",
    "assign",
    "delegated",
    "belong",
    "escalate",
    "escalated",
    "forward",
    "forwarded",
    "sent",
    "issued",
    "granted",
    "handed",
    "addressed",
    "sold",
    "lent",
    "loaned",
    "rented",
    "referred",
    "transferred",
    "allocated",
}  # reports_to
KINDS = {("type",), ("kind",), ("category",)}  # of a table of kinds: role_type
NUMBERED = {"version", "position", "order", "level", "rank", "seq", "sequence", "number", "no", "nr", "num", "idx",
            "index", "year", "month", "day", "time", "date", "count", "line", "period"}  # fmt: skip
ADDED = {"info", "data", "list", "master", "tbl", "table", "dim", "entity"}  # to a table's name, where it tells nothing
OF = {"of", "de", "di", "van"}  # duplicate_of, renovado_de
INSTEAD = {"supersede", "replace", "amend", "precede", "reverse", "ersetzt", "remplace", "sustituye", "substitui",
           "sostituisce", "vervangt", "zastepuje"}  # fmt: skip  # another row of the same table
UPWARDS = {
    ("parent",),
    ("padre",),
    ("pai",),
    ("mere",),
    ("madre",),
    ("nadrzedny",),
    ("eltern",),
}  # alone in a name, they tell it all
LISTS = {"reserved", "blocked", "banned", "blacklist", "denylist", "allowlist", "allowed", "disposable"}  # of values
SERVICES = {
    "stripe", "paypal", "github", "gitlab", "google", "facebook", "twitter", "linkedin", "slack", "discord", "telegram",
    "apple", "microsoft", "azure", "aws", "shopify", "salesforce", "hubspot", "zendesk", "jira", "twilio", "auth0",
    "okta", "cognito", "firebase", "mailchimp", "whatsapp", "instagram", "spotify", "steam", "bot", "oauth", "saml",
    "ldap", "sap",
}  # fmt: skip
ELSEWHERE = {
    "external",
    "ext",
    "legacy",
    "remote",
    "foreign",
    "upstream",
    "import",
    "imported",
    "extern",
    "externe",
    "externo",
    "externa",
    "esterno",
    *SERVICES,
}  # ids of other systems
NODES = {*MARKS, "entity", "node", "vertex", "item", "object", "element", "record", "thing", "member", "end", "side"}
THINGS = {
    "subject",
    "target",
    "source",
    "origin",
    "resource",
    "content",
    "reference",
    "model",
    "datensatz",
    "objekt",
    "obiekt",
    "objet",
    "objeto",
    "oggetto",
    "entite",
    "entidad",
    "entidade",
    "entita",
    "registro",
    "eintrag",
    "elemento",
    "zapis",
    "onderwerp",
    "sujet",
    "sujeto",
    "soggetto",
    "ziel",
    "quelle",
    "bezug",
    "referenz",
    "podmiot",
}  # any of which may be a row of any table
OPPOSITES = {
    frozenset(pair) for pair in (
        ("source", "target"), ("from", "to"), ("src", "dst"), ("src", "dest"), ("left", "right"), ("head", "tail"),
        ("subject", "object"), ("start", "end"), ("begin", "end"), ("old", "new"), ("origin", "destination"),
        ("parent", "child"), ("home", "away"), ("first", "second"), ("upper", "lower"), ("a", "b"),
        ("predecessor", "successor"), ("follower", "followee"), ("follower", "followed"), ("blocker", "blocked"),
        ("ancestor", "descendant"), ("parent", "descendant"),
    )
}  # fmt: skip
OPPOSED = frozenset[str]().union(*OPPOSITES)
RELATED = {"related", "linked", "other", "similar", "alternative", "associated", "matched"}
INVARIABLE = {"series", "species", "news"}  # no plurals
