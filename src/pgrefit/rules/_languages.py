"""What names say in other languages than English, and in the short forms of old systems.

A line is an English word and what it is called elsewhere: German, Dutch, Spanish, Portuguese, Italian, French, Polish,
Russian, Chinese in Latin letters, and abbreviations. Accents aside; words that mean something else in English are left
out. A compound of two known words is read as both of them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ._names import MOST_NAMES, singular, words

MEANINGS = """
active aktiv actief activo activa ativo ativa attivo attiva actif aktywny aktywna активен активный jihuo qiyong actv
active aktivt
active aktif
address adresse anschrift adres adresa alamat direccion endereco indirizzo адрес dizhi addr adr jusho adresi
age alter leeftijd edad idade eta wiek возраст nianling usia umur alder aelder nenrei
amount betrag bedrag importe monto valor importo montant kwota сумма jine amt tutar belopp kingaku tutari
author autor auteur autore автор zuozhe
balance saldo solde баланс остаток yue bal bakiye
bill bolletta boleta boleto
birth geburt geboorte nacimiento nascimento nascita naissance urodzenia рождения chusheng lahir dogum fodd foedd
birth fodelse foedelse
branch filiale sucursal succursale oddzial филиал fenhang
canceled storniert annulliert cancelado annullato annule anulowany отменен quxiao iptal dibatalkan avbruten
capacity kapazitaet capaciteit capacidad capacidade capacita capacite pojemnosc вместимость rongliang
category kategorie categorie categoria kategoria категория leibie fenlei catg kategori
change veraenderung aenderung wijziging variacion variacao variazione zmiana изменение bianhua
channel kanal kanaal canal канал qudao chnl
city stadt ort stad gemeente ciudad localidad cidade citta comune ville commune miasto город chengshi sehir kota
class klasse clase classe klasa класс
closed geschlossen gesloten cerrado fechado chiuso ferme zamkniety закрыт закрыто guanbi
code kuerzel kode codigo codice kod код bianma daima cd kodu
color farbe kleur cor colore couleur kolor цвет yanse clr renk warna farg faerg
comment kommentar opmerking comentario commentaire komentarz комментарий отзыв pinglun cmt
company firma empresa azienda entreprise компания gongsi
confirmed bestaetigt bevestigd confirmado confermato confirme подтвержден
cost kosten costo custo cout koszt стоимость chengben maliyet biaya kostnad
count anzahl aantal cantidad contagem numero_de conteggio nombre_de liczba количество shuliang cnt antal sayisi
country land pais paese pays kraj страна guojia ctry cntry ulke negara
created erstellt angelegt erfasst aangemaakt creado criado creato cree utworzono создан создано chuangjian crtd crt
created criacao creacion creazione erstellung utworzenia skapades vytvoreno
created dibuat olusturma olusturuldu olusturulma skapad skapat oprettet opprettet sakusei
currency waehrung valuta moneda moeda devise waluta валюта bizhong huobi curr ccy parabirimi
customer kunde kunden klant cliente client klient клиент kehu cust musteri pelanggan kokyaku
date datum fecha data_di dataora дата riqi dt tarih tarihi tanggal
deleted geloescht verwijderd eliminado excluido eliminato supprime usuniety удален удалено shanchu del dihapus silindi
deleted silinme raderad raderat borttagen slettet sakujo
description beschreibung omschrijving descripcion descricao descrizione opis описание miaoshu descr aciklama keterangan
description beskrivning
direction richtung richting riktning retning kierunek direcao direzione arah smer
discount rabatt korting descuento desconto sconto remise rabat скидка zhekou disc indirim diskon
duration dauer duur duracion duracao durata duree czas_trwania длительность shichang durasi
email correo mail epost courriel emailadres почта youxiang eml eposta
employee mitarbeiter medewerker empleado funcionario dipendente employe pracownik сотрудник yuangong emp calisan
employee personel pegawai karyawan anstalld anstaelld ansatt shain
end ende einde fin fim fine koniec окончание окончания jieshu ends bitis slut selesai shuryo
external extern externo esterno externe zewnetrzny внешний waibu
fee gebuehr tarifa taxa tariffa frais oplata плата feiyong ucret avgift
first vor primero primeiro primo premier pierwszy первый diyi fst
flag kennzeichen merker vlag indicador bandera drapeau флаг biaozhi flg
floor etage stockwerk geschoss verdieping andar pietro lantai vaning kondygnacja
gender geschlecht geslacht genero genere sexe plec пол xingbie cinsiyet
gross brutto bruto lordo brut брутто grs
group gruppe groep grupo gruppo groupe grupa группа
growth wachstum groei crecimiento crescimento crescita croissance wzrost рост zengzhang
height hoehe hoogte altura altezza hauteur wysokosc высота shengao gaodu hgt yukseklik hojd tinggi shincho
invoice rechnung factuur factura fatura fattura facture faktura счет fapiao inv faktur
kind art typ tipo leixing zhonglei typu тип вид soort jenis turu
label bezeichnung etikett etiqueta etichetta libelle etykieta метка biaoqian lbl
language sprache taal idioma lingua langue jezyk язык yuyan bahasa sprak
last nach letzte laatste ultimo apellido ultima dernier ostatni последний zuihou lst
latitude breite latitud latitudine szerokosc широта weidu enlem lintang breddgrad
length laenge lengte longitud comprimento lunghezza longueur dlugosc длина changdu uzunluk langd panjang
level stufe ebene niveau nivel livello poziom уровень jibie dengji lvl seviye tingkat
limit grenze hoechstgrenze grens limite limiet limit_ лимит xiane lmt
line zeile regel linea linha riga ligne строка hang ln
list liste lijst lista daftar список liebiao
location standort locatie ubicacion localizacao emplacement место weizhi loc
longitude laengengrad longitudine долгота jingdu boylam bujur laengdgrad langdgrad
maximum maximal maximo massimo макс zuida zuigao max
minimum minimal minimo minimo_ мин zuixiao zuidi min
minute minuten minuut minuto minuti minuta минуты минута fenzhong mins
mode modus modo modalita tryb режим moshi
modified geaendert aktualisiert gewijzigd modificado alterado modificato modifie zmieniono изменен изменено xiugai
modified diubah degistirildi aendrad andrad endret aendret
month monat maand mes mese mois miesiac manad bulan месяц tsuki
name bezeichnung naam nombre nome nom nazwa imie название наименование имя mingcheng mingzi nm namn nama navn shimei adi
net netto neto liquido нетто
note bemerkung notiz opmerkingen nota anmerkung observacion observacao notatka примечание заметка beizhu rmk rmks
note anteckning catatan biko
number nummer nr numero zahl numer номер bianhao haoma num numara numarasi nomor bango
order auftrag bestellung bestelling pedido ordine commande zamowienie заказ dingdan ord ordr siparis pesanan
order bestallning bestaellning chumon
owner besitzer inhaber eigenaar propietario proprietario proprietaire wlasciciel владелец pemilik agare aegare sahibi
paid bezahlt betaald pagado pago pagato paye oplacony оплачен fukuan odendi betald betalt lunas
parent uebergeordnet eltern ouder padre pai genitore родитель fuji shangji prnt induk
password passwort kennwort wachtwoord contrasena senha parola haslo пароль mima pwd sifre sandi losenord loesenord
password passord
path pfad pad ruta caminho percorso chemin sciezka путь lujing
payment zahlung betaling pago_ pagamento paiement platnosc платеж pmt odeme pembayaran betalning
percent prozent procent porcentaje porcentagem percentuale percentuel pourcentage proc процент baifenbi pct perc yuzde
percent persen
phone telefon telefoon telefono telefone telephone телефон dianhua shouji tel mobil handy movil celular denwa telepon
place platz lugar posto luogo lieu miejsce
plan tarif abono
postal postleitzahl plz postcode codepostal postal_ индекс youbian youzheng
price preis prijs precio preco prezzo prix cena цена jiage danjia prc fiyat harga pris kakaku fiyati
priority prioritaet prioriteit prioridad prioridade priorita priorite priorytet приоритет youxianji prio oncelik
priority prioritas
product artikel producto produto prodotto produit produkt товар продукт chanpin shangpin prod urun produk shohin
published veroeffentlicht gepubliceerd publicado pubblicato publie opublikowany опубликовано опубликован fabu yifabu
published pub yayinlandi publicerad diterbitkan
quantity menge hoeveelheid cantidades unidades quantidade quantita quantite ilosc кол количества geshu qty miktar adedi
quantity miktari
quantity jumlah suryo antall adet
rate kurs tasa taxa_ tasso taux stawka ставка курс huilv bilv
rating bewertung waardering calificacion avaliacao valutazione ocena рейтинг оценка pingfen rtng
raw ruwe ruw rohdaten surowe surowy mentah
reason grund reden motivo razon raison powod причина yuanyin rsn sebep alasan orsak
reference referenz referentie referencia riferimento ссылка cankao ref
region gebiet regio regione region_ регион quyu
remark vermerk hinweis uwaga anmarkning anmaerkning toelichting
result ergebnis resultaat resultado risultato resultat wynik результат jieguo
role rolle rol papel ruolo rola роль juese
room raum zimmer kamer habitacion quarto stanza chambre pokoj комната fangjian ruangan
salary gehalt lohn salaris salario stipendio salaire pensja зарплата gongzi maas gaji
score punkte punktzahl puntos puntuacion pontos punteggio wynik_ баллы баллов defen fenshu scr pontuacao puan poang
score poaeng skor
serial serien seriennummer serie seriennr серийный xulie
shipping liefer versand verzend envio spedizione livraison wysylka доставки доставка shouhuo ship
side seite zijde sida strona lado sisi
size groesse grootte tamano talla tamanho dimensione taille rozmiar размер daxiao chicun boyut ukuran storlek
stage phase fase etap этап
start beginn anfang inicio iniziale inizio debut poczatek начало начала kaishi strt baslangic mulai baslama baslangici
status zustand toestand estado estatus situacao stato statut etat stan статус состояние zhuangtai stat sts durum durumu
status jotai
step schritt stap paso etapa passo etape krok шаг buzhou
stock bestand lagerbestand voorraad existencias estoque giacenza zapas запас kucun stok persediaan zaiko
street strasse straat calle rua via_ rue ulica улица jiedao sokak gata
supplier lieferant leverancier proveedor fornecedor fornitore fournisseur dostawca поставщик gongyingshang vend
supplier tedarikci pemasok leverantor leverantoer leverandor
surname nachname familienname achternaam apellidos sobrenome cognome nazwisko фамилия xing xingshi efternamn soyad
surname soyadi etternavn myoji
tax steuer belasting impuesto imposto imposta taxe podatek налог shui shuie mwst iva btw ust tva ндс vergi kdv pajak
tax moms skatt
temperature temperatur temperatuur temperatura темп температура wendu temp sicaklik suhu ondo teplota
text text_ texto testo texte tekst текст wenben metin teks
time zeit uhrzeit tijd hora ora heure czas время shijian ts
title titel titulo titolo titre tytul заголовок biaoti baslik judul rubrik
token marke lingpai токен ficha tkn
total gesamt totaal totale razem suma итого всего zongji heji tot toplam summa
type typ_ tp tipe
updated aktualisiert_ bijgewerkt actualizado atualizado aggiornato zaktualizowano обновлен обновлено gengxin upd
updated guncelleme guncellendi uppdaterad uppdaterat diperbarui opdateret oppdatert koshin
url link_ enlace
username benutzername gebruikersnaam usuario utente login_ логин yonghuming nutzername usr kullanici_adi anvandarnamn
valid gueltig geldig valido wazny действителен youxiao gecerli giltig berlaku
version ausgabe versie versione wersja версия banben ver
view aufruf aufrufe vista vistas visualizacao visualizzazione vue просмотры просмотр liulanliang vws
warehouse lager magazijn almacen armazem magazzino entrepot magazyn склад cangku whse gudang soko
weight gewicht peso poids waga вес zhongliang wgt agirlik vikt berat masa taiju
width weite breedte ancho largura larghezza largeur szerokosc_ ширина kuandu genislik bredd lebar
year jahr jaar anio ano anno annee rok год nian yil tahun
zone zona strefa зона пояс
"""
SPLIT = re.compile(r"[^\W\d_]+")
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ł": "l", "ı": "i"})
LINKS = ("", "s", "n", "en", "es", "_")
SHORTEST = 3  # part of a compound
TAIL = 5  # of a compound whose head is not known


def _dictionary() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in MEANINGS.strip().splitlines():
        meaning, *others = line.split()
        for other in others:
            found.setdefault(other.rstrip("_"), meaning)
    return found


ENGLISH = _dictionary()


@lru_cache(maxsize=MOST_NAMES)
def english(name: str) -> tuple[str, ...]:
    """The words of a name in the singular and in English, as far as they are known; others as they are."""
    return tuple(part for word in _split(name) for part in _translated(word))


@lru_cache(maxsize=MOST_NAMES)
def meanings(name: str) -> frozenset[str]:
    """All that the words of a name may mean: as they are, in the singular, in English."""
    plain = words(name)
    return frozenset({*plain, *map(singular, plain), *english(name)})


def _split(name: str) -> list[str]:
    """Words, also of a camel case in other letters than ours, without accents."""
    parts: list[str] = []
    for run in SPLIT.findall(name):
        place = 0
        for n in range(1, len(run)):
            if run[n].isupper() and (run[n - 1].islower() or (n + 1 < len(run) and run[n + 1].islower())):
                parts.append(run[place:n])
                place = n
        parts.append(run[place:])
    return [_bare(part.lower()) for part in parts]


def _bare(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.translate(UMLAUTS))
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return word if word and "Ѐ" <= word[0] <= "ӿ" else plain


def _translated(word: str) -> tuple[str, ...]:
    known = _known(word)
    if known:
        return (known,)
    for cut in range(len(word) - SHORTEST, SHORTEST - 1, -1):
        head, tail = word[:cut], _known(word[cut:])
        first = next((found for link in LINKS if head.endswith(link) and (found := _known(_without(head, link)))), None)
        if tail and first:
            return (first, tail)
    for cut in range(SHORTEST, len(word) - TAIL + 1):
        tail = ENGLISH.get(word[cut:])
        if tail:
            return (word[:cut], tail)
    return (singular(word),)


def _known(word: str) -> str | None:
    return ENGLISH.get(word) or ENGLISH.get(word.removesuffix("s") if len(word) > SHORTEST else word)


def _without(head: str, link: str) -> str:
    return head.removesuffix(link) if link else head
