"""What applications call things, in six vocabularies: English, German, Spanish, Chinese in Latin letters, Russian, and
the abbreviations of old systems."""

from __future__ import annotations

LANGUAGES = ("english", "german", "spanish", "pinyin", "russian", "short")

# singular/plural of each thing that has a table
THINGS = {
    line.partition("/")[0]: line
    for line in """
customer/customers kunde/kunden cliente/clientes kehu/kehu клиент/клиенты cust/cust
order/orders auftrag/auftraege pedido/pedidos dingdan/dingdan заказ/заказы ordr/ordr
product/products artikel/artikel producto/productos chanpin/chanpin товар/товары prod/prod
invoice/invoices rechnung/rechnungen factura/facturas fapiao/fapiao счет/счета inv/inv
employee/employees mitarbeiter/mitarbeiter empleado/empleados yuangong/yuangong сотрудник/сотрудники emp/emp
department/departments abteilung/abteilungen departamento/departamentos bumen/bumen отдел/отделы dept/dept
supplier/suppliers lieferant/lieferanten proveedor/proveedores gongyingshang/gongyingshang продавец/продавцы vend/vend
warehouse/warehouses lager/lager almacen/almacenes cangku/cangku склад/склады whse/whse
project/projects projekt/projekte proyecto/proyectos xiangmu/xiangmu проект/проекты proj/proj
task/tasks aufgabe/aufgaben tarea/tareas renwu/renwu задача/задачи tsk/tsk
ticket/tickets vorgang/vorgaenge incidencia/incidencias gongdan/gongdan заявка/заявки tkt/tkt
author/authors autor/autoren autor/autores zuozhe/zuozhe автор/авторы auth/auth
book/books buch/buecher libro/libros shu/shu книга/книги bk/bk
payment/payments zahlung/zahlungen pago/pagos fukuan/fukuan платеж/платежи pmt/pmt
shipment/shipments sendung/sendungen envio/envios fahuo/fahuo отправка/отправки shpmt/shpmt
contract/contracts vertrag/vertraege contrato/contratos hetong/hetong договор/договоры contr/contr
vehicle/vehicles fahrzeug/fahrzeuge vehiculo/vehiculos cheliang/cheliang машина/машины veh/veh
patient/patients patient/patienten paciente/pacientes huanzhe/huanzhe пациент/пациенты pat/pat
visit/visits besuch/besuche visita/visitas fangwen/fangwen визит/визиты vst/vst
course/courses kurs/kurse curso/cursos kecheng/kecheng курс/курсы crs/crs
student/students schueler/schueler alumno/alumnos xuesheng/xuesheng ученик/ученики stud/stud
room/rooms raum/raeume sala/salas fangjian/fangjian комната/комнаты rm/rm
booking/bookings buchung/buchungen reserva/reservas yuding/yuding бронь/брони bkg/bkg
sensor/sensors fuehler/fuehler sensor/sensores chuanganqi/chuanganqi датчик/датчики snsr/snsr
member/members mitglied/mitglieder socio/socios huiyuan/huiyuan участник/участники mbr/mbr
branch/branches filiale/filialen sucursal/sucursales fenhang/fenhang филиал/филиалы brch/brch
campaign/campaigns kampagne/kampagnen campana/campanas huodong/huodong кампания/кампании camp/camp
post/posts beitrag/beitraege entrada/entradas tiezi/tiezi запись/записи pst/pst
comment/comments kommentar/kommentare comentario/comentarios pinglun/pinglun отзыв/отзывы cmt/cmt
region/regions gebiet/gebiete region/regiones quyu/quyu регион/регионы reg/reg
machine/machines maschine/maschinen maquina/maquinas jiqi/jiqi станок/станки mach/mach
station/stations haltestelle/haltestellen parada/paradas zhandian/zhandian станция/станции stn/stn
asset/assets anlage/anlagen activo/activos zichan/zichan актив/активы ast/ast
claim/claims schaden/schaeden siniestro/siniestros lipei/lipei претензия/претензии clm/clm
policy/policies police/policen poliza/polizas baodan/baodan полис/полисы pol/pol
account/accounts konto/konten cuenta/cuentas zhanghu/zhanghu аккаунт/аккаунты acct/acct
device/devices geraet/geraete dispositivo/dispositivos shebei/shebei устройство/устройства dev/dev
batch/batches charge/chargen lote/lotes pici/pici партия/партии btch/btch
recipe/recipes rezept/rezepte receta/recetas peifang/peifang рецепт/рецепты rcp/rcp
survey/surveys umfrage/umfragen encuesta/encuestas diaocha/diaocha опрос/опросы svy/svy
flight/flights flug/fluege vuelo/vuelos hangban/hangban рейс/рейсы flt/flt
lesson/lessons stunde/stunden clase/clases keshi/keshi урок/уроки lsn/lsn
""".strip().splitlines()
}

FIELDS = {
    "active": "active aktiv activo jihuo активен act_flg",
    "address": "shipping_address lieferanschrift direccion_envio shouhuo_dizhi адрес_доставки ship_addr",
    "age": "age alter edad nianling возраст age_yrs",
    "amount": "amount betrag importe jine сумма amt",
    "author_of": "created_by erfasst_von creado_por chuangjianren создал crtd_by",
    "balance": "balance saldo saldo yue баланс bal",
    "birthday": "birth_date geburtsdatum fecha_nacimiento shengri дата_рождения dob",
    "capacity": "capacity kapazitaet capacidad rongliang вместимость cap",
    "category": "category kategorie categoria leibie категория catg",
    "channel": "channel kanal canal qudao канал chnl",
    "city": "city ort ciudad chengshi город cty",
    "closed": "closed_at geschlossen_am cerrado_en guanbi_shijian закрыто_в clsd_ts",
    "code": "code kuerzel codigo bianma код cd",
    "color": "color farbe color yanse цвет clr",
    "count": "count anzahl cantidad shuliang количество cnt",
    "country": "country land pais guojia страна ctry",
    "created": "created_at erstellt_am creado_en chuangjian_shijian создано_в crt_ts",
    "currency": "currency waehrung moneda bizhong валюта curr",
    "date": "date datum fecha riqi дата dt",
    "deleted": "deleted_at geloescht_am eliminado_en shanchu_shijian удалено_в del_ts",
    "description": "description beschreibung descripcion miaoshu описание descr",
    "details": "details angaben detalles xiangqing детали dtl",
    "email": "email email correo youxiang почта eml",
    "end": "end_date ende fecha_fin jieshu_riqi дата_окончания end_dt",
    "external": "external_id fremd_id id_externo waibu_id внешний_id ext_id",
    "floor": "floor etage piso louceng этаж flr",
    "formula": "formula formel formula huaxueshi формула frml",
    "growth": "growth_percent veraenderung_prozent variacion_porcentaje zengzhang_baifenbi рост_процент chg_pct",
    "gross": "gross brutto bruto hanshui_jia брутто grs",
    "hash": "checksum pruefsumme suma_control jiaoyan хеш chksum",
    "height": "height groesse altura shengao рост hgt",
    "house": "house_number hausnummer numero_casa menpaihao дом hse_no",
    "kind": "type typ tipo leixing тип typ",
    "label": "label bezeichnung etiqueta biaoqian метка lbl",
    "limit": "limit hoechstgrenze limite xiane лимит lmt",
    "line": "line_number position linea hangshu позиция ln_no",
    "list": "ids liste lista liebiao список lst",
    "minutes": "minutes minuten minutos fenzhong минуты mins",
    "name": "name name nombre mingcheng название nm",
    "first": "first_name vorname nombre_pila mingzi имя fst_nm",
    "last": "last_name nachname apellido xing фамилия lst_nm",
    "full": "full_name anzeigename nombre_completo quanming полное_имя full_nm",
    "next": "next naechste siguiente xia_yige следующая nxt",
    "net": "net netto neto bu_han_shui нетто net_amt",
    "note": "note bemerkung nota beizhu примечание rmks",
    "old": "legacy alt antiguo jiu старый lgcy",
    "owner": "owner inhaber propietario yongyouzhe владелец ownr",
    "parent": "parent uebergeordnet padre shangji родитель prnt",
    "path": "path pfad ruta lujing путь pth",
    "percent": "percent prozent porcentaje baifenbi процент pct",
    "phone": "phone telefon telefono dianhua телефон tel",
    "position": "coordinates koordinaten coordenadas zuobiao координаты coord",
    "price": "price preis precio jiage цена prc",
    "published": "published veroeffentlicht publicado yifabu опубликовано pub_flg",
    "quantity": "quantity menge unidades geshu кол_во qty",
    "rate": "rate kurs tasa huilv ставка rt",
    "rating": "rating bewertung calificacion pingfen рейтинг rtng",
    "reason": "reason grund motivo yuanyin причина rsn",
    "reference": "reference referenz referencia cankao ссылка ref",
    "request": "request anfrage solicitud qingqiu запрос rqst",
    "score": "score punkte puntos defen баллы scr",
    "maximum": "max_score hoechstpunkte puntos_max zuigaofen макс_баллы max_scr",
    "settings": "settings einstellungen ajustes shezhi настройки cfg",
    "serial": "serial_number seriennummer numero_serie xuliehao серийный_номер ser_no",
    "size": "size groesse_cm talla chicun размер sz",
    "start": "start_date beginn fecha_inicio kaishi_riqi дата_начала strt_dt",
    "status": "status zustand estado zhuangtai статус stat",
    "step": "workflow_step schritt etapa buzhou этап stp",
    "surname": "surname zuname segundo_apellido xingshi прозвище srnm",
    "tags": "tags schlagworte etiquetas biaoqianzu теги tgs",
    "tax": "tax steuer impuesto shuie налог tx",
    "temperature": "temperature temperatur temperatura wendu температура temp",
    "time": "local_time ortszeit hora_local bendi_shijian местное_время lcl_ts",
    "token": "token token ficha lingpai токен tkn",
    "total": "total gesamt total zongji итого tot",
    "updated": "updated_at geaendert_am actualizado_en gengxin_shijian изменено_в upd_ts",
    "user": "username benutzername nombre_usuario yonghuming логин usr_nm",
    "vat": "vat_rate steuersatz tipo_iva shuilv ндс vat_rt",
    "version": "version version version banben версия ver",
    "views": "views aufrufe vistas liulanliang просмотры vws",
    "weight": "weight gewicht peso zhongliang вес wgt",
    "zip": "zip_code plz codigo_postal youbian индекс zip",
    "zone": "time_zone zeitzone zona_horaria shiqu часовой_пояс tz",
}

PREFIXES = {
    "english": ("main", "internal", "external", "initial", "final", "second"),
    "german": ("haupt", "intern", "extern", "erste", "letzte", "zweite"),
    "spanish": ("gran", "interno", "externo", "primer", "ultimo", "segundo"),
    "pinyin": ("zhu", "neibu", "waibu", "chushi", "zuihou", "dier"),
    "russian": ("главный", "внутр", "внеш", "первый", "последний", "второй"),
    "short": ("mn", "int", "extr", "init", "fin", "sec"),
}

# how a column that holds another table's key is called
REFERENCES = {
    "english": ("{}_id",),
    "german": ("{}_id", "{}_nr"),
    "spanish": ("{}_id", "id_{}"),
    "pinyin": ("{}_id", "{}_bianhao"),
    "russian": ("{}_id", "{}_ид", "код_{}"),
    "short": ("{}_id", "{}_no"),
}

STATES = {
    "english": ("open", "paid", "shipped", "cancelled", "in_progress"),
    "german": ("offen", "bezahlt", "versandt", "storniert", "in_arbeit"),
    "spanish": ("abierto", "pagado", "enviado", "cancelado", "en_curso"),
    "pinyin": ("新建", "已付款", "已发货", "取消", "处理中"),
    "russian": ("открыт", "оплачен", "отправлен", "отменен", "в_работе"),
    "short": ("OPN", "PD", "SHP", "CXL", "IN_PRG"),
}

NOTHING = {
    "english": ("N/A", "unknown"),
    "german": ("k.A.", "unbekannt"),
    "spanish": ("n/d", "desconocido"),
    "pinyin": ("无", "未知"),
    "russian": ("н/д", "неизвестно"),
    "short": ("NULL", "???"),
}

PROSE = {
    "english": "the customer asked again whether delivery could be moved to next week because nobody was home",
    "german": "der kunde bat erneut darum die lieferung zu verschieben weil niemand zuhause war",
    "spanish": "el cliente pidio de nuevo mover la entrega para otra semana porque nadie estaba en casa y lo aceptamos",
    "pinyin": "客户 再次 要求 推迟 送货 因为 家里 没人 我们 同意 下周 联系 电话 已 通知 仓库 发货 等待 确认",
    "russian": "клиент снова попросил перенести доставку на другую неделю потому что никого не было дома",
    "short": "cust rqstd del date chg due to absence appr by mgr see prev note fwd to whse ok no resp call back tmrw",
}


def thing(concept: str, language: str) -> tuple[str, str]:
    """Singular and plural."""
    singular, plural = THINGS[concept].split()[LANGUAGES.index(language)].split("/")
    return singular, plural


def field(concept: str, language: str) -> str:
    """A word for a column."""
    return FIELDS[concept].split()[LANGUAGES.index(language)]
