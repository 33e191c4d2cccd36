# A mock of ModemManager, and no more than that: a template of python-dbusmock with the interfaces, methods and properties of
# ModemManager 1.20 that courier-local uses, as their XML describes them. What a modem and the network do is made up here.
#
# Parameters: modems (a list of {"imei", "messaging"}), send ("sent", "unsent", "slow", or the name of an error), create (an error).
import time

import dbus
from dbusmock.mockobject import objects

BUS_NAME = "org.freedesktop.ModemManager1"
MAIN_OBJ = "/org/freedesktop/ModemManager1"
SYSTEM_BUS = False
IS_OBJECT_MANAGER = True

MODEM = "org.freedesktop.ModemManager1.Modem"
MESSAGING = "org.freedesktop.ModemManager1.Modem.Messaging"
SMS = "org.freedesktop.ModemManager1.Sms"
STORED, SENT = 1, 5


def load(mock, parameters):
    def refuse(name):
        if name.startswith("org."):
            raise dbus.exceptions.DBusException("in these words", name=name)

    def create(modem, properties):
        refuse(parameters.get("create", ""))
        path = "%s/SMS/%d" % (MAIN_OBJ, sum("/SMS/" in path for path in objects))
        values = {"State": dbus.UInt32(STORED), "MessageReference": dbus.UInt32(0), "Number": properties["number"], "Text": properties["text"]}
        modem.AddObject(path, SMS, values, [("Send", "", "", send)])
        # The type of what was asked for, which the log of calls does not have.
        kind, minutes = properties["validity"]
        mock.log("validity %s %d %s %d" % (type(kind).__name__, kind, type(minutes).__name__, minutes))
        return dbus.ObjectPath(path)

    def send(message):
        how = parameters.get("send", "sent")
        if how == "slow":
            time.sleep(4)
        refuse(how)
        if how != "unsent":
            message.props[SMS]["State"] = dbus.UInt32(SENT)
            message.props[SMS]["MessageReference"] = dbus.UInt32(77)

    def delete(modem, path):
        modem.RemoveObject(path)
        mock.log("gone %s" % path)

    for number, modem in enumerate(parameters["modems"]):
        path = "%s/Modem/%d" % (MAIN_OBJ, number)
        mock.AddObject(path, MODEM, {"EquipmentIdentifier": modem["imei"]}, [])
        if modem["messaging"]:
            objects[path].AddProperties(MESSAGING, {"DefaultStorage": dbus.UInt32(2)})
            objects[path].AddMethods(MESSAGING, [("Create", "a{sv}", "o", create), ("Delete", "o", "", delete)])
    mock.log("ready")
