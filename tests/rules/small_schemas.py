"""Small schemas with rows, in the styles of public ones, whose references are known but not declared.

A table is its rows and its columns: `id#` a key (of text or uuid where `#text`, `#uuid` says so), `area>place` a
reference to place's key (`?`: NULL in some rows, `!3`: three orphans, `~5`: 0 in five rows), `year:int=expression of n`
anything else. `(a, b)` is a primary key of several columns, `+a` an index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from zlib import crc32

Pair = tuple[str, str]  # table.column, table.column
SPEC = re.compile(r"(?P<column>\w+)>(?P<parent>[\w.]+)(?P<none>\?)?(?:!(?P<orphans>\d+))?(?:~(?P<zeros>\d+))?")
KEYS = {
    "int": "{n}",
    "text": "'{table}-' || {n}",
    "uuid": "md5('{table}' || {n})::uuid",
    "char(6)": "lpad(({n})::text, 6, left('{table}', 1))",
}
NOWHERE = {"int": "900000 + n", "text": "'nowhere ' || n", "uuid": "md5('nowhere' || n)::uuid", "char(6)": "'Z' || n"}


@dataclass
class Schema:
    """DDL and rows, the pairs that are meant, and the orphans of each column that has some."""

    tables: dict[str, tuple[int, str]]
    after: str = ""  # views, functions, …
    statements: list[str] = field(default_factory=list[str])
    pairs: set[Pair] = field(default_factory=set[Pair])
    orphans: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        self.keys = {name: self._key(specs) for name, (_, specs) in self.tables.items()}
        for name in self.tables:
            self._table(name)
        self.statements += [self.after, "ANALYZE;"]

    @property
    def sql(self) -> str:
        return "\n".join(self.statements)

    def _key(self, specs: str) -> tuple[str, str] | None:
        found = next((spec for spec in _split(specs) if "#" in spec), None)
        return (found.partition("#")[0], found.partition("#")[2] or "int") if found else None

    def _table(self, name: str) -> None:
        rows, specs = self.tables[name]
        columns: list[tuple[str, str, str]] = []
        extra: list[str] = []
        for spec in _split(specs):
            if spec.startswith("("):
                extra.append(f"PRIMARY KEY {spec}")
            elif spec.startswith("+"):
                self.statements.append(f"CREATE INDEX ON {name} ({spec[1:]});")
            elif "#" in spec:
                column, type_ = spec.partition("#")[0], spec.partition("#")[2] or "int"
                columns.append((column, f"{type_} PRIMARY KEY", KEYS[type_].format(n="n", table=name)))
            elif ">" in spec:
                columns.append(self._reference(name, rows, spec))
            else:
                column, _, rest = spec.partition(":")
                type_, _, value = rest.partition("=")
                columns.append((column, type_, value))
        indexes = [self.statements.pop() for _ in range(sum(spec.startswith("+") for spec in _split(specs)))]
        made = ", ".join([*(f"{column} {type_}" for column, type_, _ in columns), *extra])
        values = ", ".join(f"({value})::{type_.partition(' ')[0]}" for _, type_, value in columns)
        self.statements += [
            *(f"CREATE SCHEMA IF NOT EXISTS {schema};" for schema, dot, _ in [name.partition(".")] if dot),
            f"CREATE TABLE {name} ({made});",
            f"INSERT INTO {name} SELECT {values} FROM generate_series(1, {rows}) AS n ON CONFLICT DO NOTHING;",
            *indexes,
        ]

    def _reference(self, table: str, rows: int, spec: str) -> tuple[str, str, str]:
        found = SPEC.fullmatch(spec)
        assert found, spec
        column, parent = found["column"], found["parent"]
        key = self.keys[parent]
        assert key, spec
        salt, many = crc32(f"{table}.{column}".encode()) % 1000, self.tables[parent][0]
        chosen = f"(abs(hashint4(n * 1000 + {salt})) % {many} + 1)"
        cases = [f"WHEN n <= {found['orphans']} THEN {NOWHERE[key[1]]}"] if found["orphans"] else []
        cases += [f"WHEN n > {rows - int(found['zeros'])} THEN 0"] if found["zeros"] else []
        cases += [f"WHEN hashint4(n * 77 + {salt}) % 10 IN (0, 3, 5) THEN NULL"] if found["none"] else []
        value = KEYS[key[1]].format(n=chosen, table=parent)
        place = f"{table if '.' in table else 'public.' + table}.{column}"
        self.pairs.add((place, f"{parent if '.' in parent else 'public.' + parent}.{key[0]}"))
        if found["orphans"] or found["zeros"]:
            self.orphans[place] = int(found["orphans"] or 0) + int(found["zeros"] or 0)
        return column, key[1], f"CASE {' '.join(cases)} ELSE {value} END" if cases else value


def _split(specs: str) -> list[str]:
    """The specs of a table: one a line, or several with semicolons between."""
    return [spec.strip() for spec in specs.replace("\n", ";").split(";") if spec.strip()]


MUSIC = Schema({
    "gender": (4, "id#; name:text='g' || n; parent>gender?; child_order:int=n"),
    "area_type": (6, "id#; name:text='at' || n"),
    "area": (150, "id#; gid:uuid=md5('ar' || n)::uuid; name:text='a' || n; type>area_type; edits_pending:int=n % 2"),
    "artist_type": (6, "id#; name:text='t' || n; parent>artist_type?"),
    "artist": (400, """id#; gid:uuid=md5('ra' || n)::uuid; name:text='n' || n; type>artist_type?; gender>gender?
        area>area?!9; begin_area>area?; end_area>area?; begin_date_year:smallint=1900 + n % 100
        edits_pending:int=n % 3; comment:text=''"""),
    "artist_alias_type": (3, "id#; name:text='aa' || n"),
    "artist_alias": (200, "id#; artist>artist; type>artist_alias_type; locale:text='en'; sort_name:text='s' || n"),
    "artist_gid_redirect": (90, "gid:uuid=md5('old' || n)::uuid; new_id>artist; (gid); +new_id"),
    "artist_credit": (420, "id#; name:text='c' || n; artist_count:smallint=n % 3 + 1; ref_count:int=n % 40"),
    "artist_credit_name": (500, """artist_credit>artist_credit; position:smallint=n % 3; artist>artist
        name:text='x' || n; (artist_credit, position)"""),
    "language": (800, "id#; iso_code:text='l' || n; frequency:smallint=n % 3"),
    "script": (60, "id#; iso_number:text=n::text"),
    "release_status": (5, "id#; name:text='s' || n"),
    "release_packaging": (11, "id#; name:text='p' || n"),
    "release_group": (250, "id#; artist_credit>artist_credit!6; edits_pending:int=0"),
    "release": (350, """id#; artist_credit>artist_credit; release_group>release_group; status>release_status?
        packaging>release_packaging?; language>language?; script>script?; quality:smallint=n % 4 - 1
        barcode:text=n || '0'"""),
    "medium_format": (12, "id#; name:text='f' || n"),
    "medium": (400, "id#; release>release; position:int=n % 4 + 1; format>medium_format?; track_count:int=n % 20 + 1"),
    "recording": (600, "id#; artist_credit>artist_credit; length:int=n * 100; video:boolean=false"),
    "track": (900, """id#; recording>recording!12; medium>medium; position:int=n % 20 + 1; number:text=(n % 20)::text
        artist_credit>artist_credit; length:int=n"""),
    "tag": (90, "id#; name:text='t' || n; ref_count:int=n % 50"),
    "artist_tag": (300, "artist>artist; tag>tag; count:int=n % 12 + 1; (artist, tag)"),
    "link_type": (70, "id#; parent>link_type?; child_order:int=n % 9; entity_type0:text='artist'; priority:int=n % 5"),
    "link": (300, "id#; link_type>link_type; begin_date_year:smallint=1950 + n % 60; attribute_count:int=n % 3"),
    "l_artist_artist": (200, """id#; link>link; entity0>artist; entity1>artist; link_order:int=n % 5; +entity1
        +entity0"""),
    "l_artist_release": (260, """id#; link>link; entity0>artist; entity1>release; edits_pending:int=0; +entity0
        +entity1"""),
})  # fmt: skip

GENES = Schema({
    "cv": (12, "cv_id#; name:text='cv' || n"),
    "db": (8, "db_id#; name:text='db' || n; urlprefix:text=''"),
    "dbxref": (900, "dbxref_id#; db_id>db; accession:text='acc' || n; version:text=''"),
    "cvterm": (600, """cvterm_id#; cv_id>cv; dbxref_id>dbxref; name:text='term' || n; is_obsolete:int=0
        is_relationshiptype:int=n % 2"""),
    "cvterm_relationship": (300, """cvterm_relationship_id#; type_id>cvterm; subject_id>cvterm; object_id>cvterm
        +subject_id; +object_id; +type_id"""),
    "organism": (20, "organism_id#; abbreviation:text='o' || n; genus:text='g'; type_id>cvterm?; +type_id"),
    "pub": (150, "pub_id#; title:text='p' || n; pyear:text='2001'; volume:text=n::text; type_id>cvterm; +type_id"),
    "feature": (1200, """feature_id#; dbxref_id>dbxref?!15; organism_id>organism; name:text='f' || n
        seqlen:int=n % 900; type_id>cvterm; is_analysis:boolean=false; timelastmodified:timestamp=now(); +type_id"""),
    "featureloc": (1300, """featureloc_id#; feature_id>feature; srcfeature_id>feature?; fmin:int=n % 1000; fmax:int=n
        strand:smallint=n % 2; phase:int=n % 3; locgroup:int=0; rank:int=n % 4"""),
    "feature_relationship": (800, """feature_relationship_id#; subject_id>feature; object_id>feature!11; type_id>cvterm
        value:text=''; rank:int=n % 5; +subject_id; +object_id; +type_id"""),
    "featureprop": (700, """featureprop_id#; feature_id>feature; type_id>cvterm; value:text='v' || n; rank:int=n % 3
        +type_id"""),
    "feature_pub": (200, "feature_pub_id#; feature_id>feature; pub_id>pub"),
    "feature_synonym": (250, """feature_synonym_id#; synonym_id>synonym; feature_id>feature; pub_id>pub
        is_current:boolean=true"""),
    "synonym": (200, "synonym_id#; name:text='s' || n; type_id>cvterm; synonym_sgml:text=''; +type_id"),
    "phylonode": (300, """phylonode_id#; phylotree_id>phylotree; parent_phylonode_id>phylonode?; left_idx:int=n
        right_idx:int=n + 1; type_id>cvterm?; feature_id>feature?; label:text=''; distance:float8=0; +type_id"""),
    "phylotree": (15, "phylotree_id#; dbxref_id>dbxref; name:text='t' || n"),
    "contact": (60, "contact_id#; type_id>cvterm?; name:text='c' || n; +type_id"),
    "contact_relationship": (80, """contact_relationship_id#; type_id>cvterm; subject_id>contact; object_id>contact
        +subject_id; +object_id; +type_id"""),
}, after="""CREATE VIEW terms_of_features AS SELECT f.feature_id, f.name, c.name AS type
            FROM feature AS f JOIN cvterm AS c ON f.type_id = c.cvterm_id;""")  # fmt: skip

SALES = Schema({
    "ventas.clientes": (200, "id#; nombre:text='c' || n; nivel:int=n % 5 + 1; ano_alta:int=1990 + n % 30"),
    "ventas.empleados": (40, "id#; nombre:text='e' || n; jefe_id>ventas.empleados?; edad:int=20 + n % 40"),
    "ventas.proveedores": (30, "id#; nombre:text='p' || n"),
    "ventas.paises": (25, "codigo#text; nombre:text='pais ' || n"),
    "ventas.categorias": (12, "id#; nombre:text='k' || n; orden:int=n; padre_id>ventas.categorias?"),
    "ventas.productos": (150, """id#; proveedor_id>ventas.proveedores; categoria_id>ventas.categorias!4
        existencias:int=n % 30; codigo_pais>ventas.paises; precio:numeric=n"""),
    "ventas.pedidos": (500, """id#; cliente_id>ventas.clientes~20; vendedor_id>ventas.empleados; fecha:date=now()
        direccion_envio_id>ventas.direcciones?; estado:int=n % 4 + 1; descuento:int=n % 10"""),
    "ventas.direcciones": (260, "id#; id_cliente>ventas.clientes; ciudad:text='x'; pais>ventas.paises"),
    "ventas.lineas_pedido": (900, """pedido_id>ventas.pedidos!9; producto_id>ventas.productos; cantidad:int=n % 6 + 1
        linea:int=n; (pedido_id, linea)"""),
    "lager.kunden": (120, "kunden_nr#; name:text='k' || n; plz:int=10000 + n"),
    "lager.artikel": (180, "artikel_nr#; bezeichnung:text='a' || n; bestand:int=n % 70"),
    "lager.bestellungen": (400, "bestell_nr#; kunden_nr>lager.kunden; jahr:int=2000 + n % 20; menge:int=n % 9"),
    "lager.positionen": (800, """id#; bestell_nr>lager.bestellungen; artikel_nr>lager.artikel!5; menge:int=n % 5 + 1
        pos_nr:int=n % 9 + 1"""),
    "lager.mitarbeiter": (30, "id#; name:text='m' || n; vorgesetzter_id>lager.mitarbeiter?"),
    "lager.auftraege": (90, "id#; kunde_id>lager.kunden; bearbeiter_id:int=n * 37; externe_id:int=n % 60 + 1"),
    "acquisti.clienti": (80, "id#; nome:text='c' || n"),
    "acquisti.prodotti": (90, "id#; nome:text='p' || n"),
    "acquisti.ordini": (200, "id#; cliente_id>acquisti.clienti; anno:int=2000 + n % 20; numero:int=n % 50 + 1"),
    "acquisti.righe": (400, "id#; ordine_id>acquisti.ordini; prodotto_id>acquisti.prodotti; quantita:int=n % 7 + 1"),
})  # fmt: skip

FREIGHT = Schema({
    "region": (5, "r_regionkey#; r_name:text='r' || n; r_comment:text=''; r_area:int=n"),
    "nation": (25, "n_nationkey#; n_name:text='n' || n; n_regionkey>region; n_comment:text=''"),
    "supplier": (60, "s_suppkey#; s_name:text='s' || n; s_nationkey>nation; s_acctbal:numeric=n"),
    "customer": (300, "c_custkey#; c_name:text='c' || n; c_nationkey>nation; c_mktsegment:text='b'"),
    "part": (200, "p_partkey#; p_name:text='p' || n; p_size:int=n % 50 + 1; p_brand:text='b'"),
    "orders": (700, "o_orderkey#; o_custkey>customer!8; o_orderstatus:text='F'; o_shippriority:int=n % 5"),
    "lineitem": (1500, """l_orderkey>orders; l_partkey>part; l_suppkey>supplier; l_linenumber:int=n
        l_quantity:int=n % 50 + 1; l_tax:numeric=n % 8; (l_orderkey, l_linenumber)"""),
})  # fmt: skip

FLIGHTS = Schema({
    "airports_data": (104, "airport_code#char(6); city:text='c' || n; timezone:text='z'"),
    "aircrafts": (9, "aircraft_code#text; model:text='m' || n; range:int=n * 1000"),
    "seats": (400, """aircraft_code>aircrafts; seat_no:text='S' || n; fare_conditions:text='x'
        (aircraft_code, seat_no)"""),
    "bookings": (300, "book_ref#char(6); book_date:date=now(); total_amount:numeric=n"),
    "flights": (500, """flight_id#; flight_no:text='PG' || n % 50; departure_airport>airports_data
        arrival_airport>airports_data!7; aircraft_code>aircrafts; status:text='Arrived'; gate:int=n % 30 + 1"""),
    "tickets": (600, "ticket_no#text; book_ref>bookings; passenger_id:text=n || ' x'; passenger_name:text='p' || n"),
    "ticket_flights": (900, "ticket_no>tickets; flight_id>flights; amount:numeric=n; (ticket_no, flight_id)"),
    "currencies": (30, "code#text; name:text='c' || n; minor_units:int=n % 4"),
    "languages": (40, "code#text; english_name:text='l' || n"),
    "fares": (200, "id#; currency>currencies; language_code>languages; class:int=n % 3 + 1; flight_id>flights?"),
})  # fmt: skip

SITE = Schema({
    "wp_users": (150, """id#; login:text='u' || n; age:int=20 + n % 60
        deleted_at:timestamp=CASE WHEN n % 5 = 0 THEN now() END"""),
    "wp_posts": (500, """id#; author_id>wp_users!10; parent_id>wp_posts?~40; status_id>wp_post_status
        year:int=1990 + n % 30; comment_count:int=n % 20; menu_order:int=n % 9; views:int=n % 400
        version:int=n % 5 + 1; rating:int=n % 5 + 1"""),
    "wp_post_status": (6, "id#; label:text='s' || n"),
    "wp_comments": (700, """id#; post_id>wp_posts!13; user_id>wp_users~25; reply_to_id>wp_comments?; karma:int=n % 10
        commentable_id:int=n % 100 + 1; commentable_type:text=CASE WHEN n % 2 = 0 THEN 'Post' ELSE 'Page' END"""),
    "wp_user_follows": (300, "follower_id>wp_users; followee_id>wp_users; (follower_id, followee_id)"),
    "wp_addresses": (160, "id#; user_id>wp_users; zip:int=10000 + n; floor:int=n % 9"),
    "wp_orders": (400, """id#; customer_id>wp_users; billing_address_id>wp_addresses
        shipping_address_id>wp_addresses?!6; created_by>wp_users; approved_by>wp_users?; external_id:int=n % 120 + 1
        quantity:int=n % 12 + 1; batch:int=n % 20; legacy_user_id:int=n * 1009; coupon_code:text='C' || n % 9
        item_count:int=n % 30 + 1; status:int=n % 6 + 1; max_users:int=n % 40 + 1; payment_type:int=n % 3 + 1"""),
    "wp_tags": (60, "id#; name:text='t' || n"),
    "wp_post_tag": (500, "post_id>wp_posts; tag_id>wp_tags; weight:int=n % 50; (post_id, tag_id)"),
    "wp_media": (200, "id#uuid; owner_id>wp_users; kind:int=n % 4; size:int=n % 60 + 1"),
    "wp_media_use": (300, "id#uuid; media_id>wp_media; original>wp_media?; request_id:uuid=md5('r' || n)::uuid"),
    "wp_usage_log": (400, "id#; user_id:int=n % 170 + 1; seconds:int=n % 60"),
})  # fmt: skip

MAPS = Schema({
    "users": (120, "id#; email:text='u' || n; changesets_count:int=n % 30; home_zoom:int=n % 18"),
    "changesets": (400, "id#; user_id>users; num_changes:int=n % 50; created_at:timestamp=now()"),
    "current_nodes": (900, """id#; latitude:int=n * 1000; changeset_id>changesets; visible:boolean=true; tile:bigint=n
        version:int=n % 4 + 1"""),
    "current_ways": (300, "id#; changeset_id>changesets!8; visible:boolean=true; version:int=n % 5 + 1"),
    "current_way_nodes": (1200, "way_id>current_ways; node_id>current_nodes; sequence_id:int=n; (way_id, sequence_id)"),
    "changeset_comments": (200, "id#; changeset_id>changesets; author_id>users; body:text=''"),
    "changesets_subscribers": (300, "subscriber_id>users; changeset_id>changesets; (subscriber_id, changeset_id)"),
    "gpx_files": (100, "id#; user_id>users; size:int=n % 90 + 1; visibility:text='public'"),
    "gpx_file_tags": (200, "id#; gpx_id>gpx_files; tag:text='t'"),
    "gps_points": (800, "altitude:float8=0; trackid:int=n % 5 + 1; gpx_id>gpx_files; tile:int=n % 80 + 1"),
    "messages": (300, "id#; from_user_id>users; to_user_id>users!5; title:text='x'; message_read:boolean=true"),
    "friends": (150, "id#; user_id>users; friend_user_id>users"),
    "user_blocks": (90, "id#; user_id>users; creator_id>users; revoker_id>users?; ends_at:timestamp=now()"),
    "notes": (90, "id#; latitude:int=n; closed_at:timestamp=now(); user_ip:text=''"),
    "note_comments": (220, "id#; note_id>notes; author_id>users?; event:text='opened'"),
    "languages": (30, "code#text; english_name:text='l' || n"),
    "diary_entries": (140, "id#; user_id>users; title:text='d'; language_code>languages; latitude:float8=1"),
    "diary_comments": (160, "id#; diary_entry_id>diary_entries; user_id>users; visible:boolean=true"),
    "issues": (80, """id#; reportable_type:text='User'; reportable_id:int=n % 60 + 1; reported_user_id>users?
        status:int=n % 3; updated_by>users?; reports_count:int=n % 9"""),
    "reports": (100, "id#; issue_id>issues; user_id>users; category:text='spam'"),
})  # fmt: skip

TRADERS = Schema({
    "categories": (8, "category_id#; category_name:text='c' || n"),
    "suppliers": (29, "supplier_id#; company_name:text='s' || n; postal_code:text=n::text"),
    "products": (77, """product_id#; product_name:text='p' || n; supplier_id>suppliers?; category_id>categories
        units_in_stock:smallint=n % 60; reorder_level:smallint=n % 6 * 5; discontinued:int=n % 2; unit_price:real=n"""),
    "customers": (91, "customer_id#char(6); company_name:text='c' || n; fax:text=''"),
    "employees": (60, """employee_id#; last_name:text='e' || n; reports_to>employees?; extension:text=(n * 7)::text
        birth_year:int=1950 + n % 40; hire_order:int=n"""),
    "shippers": (6, "shipper_id#; phone:text='x'"),
    "orders": (830, """order_id#; customer_id>customers!4; employee_id>employees; ship_via>shippers; freight:real=n
        ship_region:text='RJ'; ship_postal_code:text=n::text; priority:int=n % 5 + 1"""),
    "order_details": (2000, """order_id>orders; product_id>products!9; unit_price:real=n; quantity:smallint=n % 70 + 1
        discount:real=0; line:int=n; (order_id, line)"""),
    "region": (4, "region_id#; region_description:text='r' || n"),
    "territories": (53, "territory_id#text; territory_description:text='t'; region_id>region"),
    "employee_territories": (140, "employee_id>employees; territory_id>territories; (employee_id, territory_id)"),
    "us_states": (51, "state_id#; state_name:text='s' || n; state_abbr:text='A'; state_region:text='r' || n % 4"),
})  # fmt: skip

ANSWERS = Schema({
    "posttypes": (8, "id#; name:text='t' || n"),
    "users": (300, "id#; reputation:int=n % 90 + 1; upvotes:int=n % 200; age:int=20 + n % 50; accountid:int=n * 991"),
    "posts": (900, """id#; posttypeid>posttypes; parentid>posts?; owneruserid>users?!7; lasteditoruserid>users?
        score:int=n % 200; viewcount:int=n % 800 + 1; answercount:int=n % 9; favoritecount:int=n % 30 + 1
        commentcount:int=n % 20"""),
    "comments": (800, "id#; postid>posts; userid>users?; score:int=n % 12"),
    "badges": (400, "id#; userid>users; name:text='b' || n % 9; class:int=n % 3 + 1"),
    "votes": (900, "id#; postid>posts!15; votetypeid>votetypes; userid>users?; bountyamount:int=n % 100 + 1"),
    "votetypes": (15, "id#; name:text='v' || n"),
    "postlinks": (150, "id#; postid>posts; relatedpostid>posts; linktypeid:int=n % 3 + 1"),
    "tags": (80, "id#; tagname:text='t' || n; count:int=n % 70 + 1; excerptpostid>posts?; wikipostid>posts?"),
})  # fmt: skip

BRICKS = Schema({
    "emp": (90, "empno#; ename:text='e' || n; mgr>emp?; deptno>dept!3; sal:int=n * 10; comm:int=n % 60 + 1"),
    "dept": (14, "deptno#; dname:text='d' || n; floor:int=n % 5 + 1"),
    "themes": (120, "id#; name:text='t' || n; parent_id>themes?"),
    "part_categories": (40, "id#; name:text='c' || n"),
    "colors": (60, "id#; rgb:text='x'; is_trans:int=n % 2"),
    "parts": (300, "part_num#text; name:text='p' || n; part_cat_id>part_categories; part_material_id:int=n % 7 + 1"),
    "sets": (150, "set_num#text; year:int=1950 + n % 70; theme_id>themes; num_parts:int=n % 200 + 1"),
    "inventories": (170, "id#; version:int=n % 3 + 1; set_num>sets!6"),
    "inventory_parts": (800, """inventory_id>inventories; part_num>parts; color_id>colors!5; quantity:int=n % 50 + 1
        is_spare:int=n % 2"""),
    "inventory_sets": (100, "inventory_id>inventories; set_num>sets; quantity:int=n % 4 + 1"),
    "stops": (90, "stop_id#text; stop_name:text='s' || n; parent_station>stops?; location_type:int=n % 2"),
    "routes": (30, "route_id#text; agency_id:text='A1'; route_type:int=n % 4; route_sort_order:int=n"),
    "trips": (200, "trip_id#text; route_id>routes; service_id:text='WD' || n % 5; direction_id:int=n % 2"),
    "stop_times": (900, """trip_id>trips!8; stop_id>stops; stop_sequence:int=n; pickup_type:int=n % 3
        (trip_id, stop_sequence)"""),
})  # fmt: skip

SCHEMAS = {
    "music": MUSIC,
    "genes": GENES,
    "sales": SALES,
    "freight": FREIGHT,
    "flights": FLIGHTS,
    "site": SITE,
    "maps": MAPS,
    "traders": TRADERS,
    "answers": ANSWERS,
    "bricks": BRICKS,
}
