"""Words of several languages that names are made of; none of them says what kind of value a column holds."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LANGUAGES: dict[str, tuple[str, ...]] = {
    "english": _words(
        "harbor parcel warehouse garden lantern bridge meadow vessel cabin orchard market ticket visitor member "
        "invoice carrier depot pallet crew route lesson pupil recipe album track venue sensor gauge bracket"
    ),
    "german": _words(
        "kunde auftrag lager fahrzeug schiff werkstatt bestellung rechnung mitarbeiter vertrag anlage gebäude "
        "lieferung filiale gerät schüler klasse verein mitglied straße hafen brücke zähler fracht"
    ),
    "spanish": _words(
        "cliente pedido almacén factura empleado contrato edificio envío sucursal equipo alumno clase socio calle "
        "puerto puente medidor carga taller barco jardín boleto visita receta"
    ),
    "french": _words(
        "client commande entrepôt facture employé contrat bâtiment livraison agence appareil élève classe membre rue "
        "port pont compteur charge atelier bateau jardin billet visite recette"
    ),
    "portuguese": _words(
        "cliente pedido armazém fatura empregado contrato edifício envio filial aparelho aluno turma sócio rua porto "
        "ponte medidor carga oficina barco jardim bilhete visita receita"
    ),
    "russian": _words(
        "клиент заказ склад счёт сотрудник договор здание доставка филиал прибор ученик класс член улица порт мост "
        "груз мастерская корабль сад билет визит рецепт вагон"
    ),
    "polish": _words(
        "klient zamówienie magazyn faktura pracownik umowa budynek dostawa oddział urządzenie uczeń klasa członek "
        "ulica most licznik ładunek warsztat statek ogród bilet wizyta przepis wagon"
    ),
}
SCHEMAS = ("app", "Verwaltung", "tienda nueva", 'odd"one', "склад", "user", "core_v2", "Łódź", "a.b")
