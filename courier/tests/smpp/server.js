// A message centre on loopback that others wrote: the npm package smpp. Here stands only what it answers, and that it says, a JSON
// object a line, what it has understood. It ends with its standard input.
//
//   node server.js NODE_MODULES '{ "password": "…", "bind": { SYSTEM_ID: STATUS }, "submit": { NUMBER: STATUS } }'
'use strict';

const smpp = require(`${process.argv[2]}/smpp`);
const rules = JSON.parse(process.argv[3]);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const text = (message) => message && message.message;

// The text of the field beside what this package reads in it.
const validity = smpp.commands.submit_sm.params.validity_period;
const { decode } = validity.filter;
validity.filter = { ...validity.filter, decode: (value) => ({ text: value, date: decode(value) }) };

let taken = 0;
const server = smpp.createServer((session) => {
    const bind = (pdu) => {
        const { command, system_id, password, system_type, interface_version, sequence_number } = pdu;
        say({ bind: { command, system_id, system_type, interface_version, sequence_number } });
        const status = rules.bind[system_id] ?? (password === rules.password ? smpp.ESME_ROK : smpp.ESME_RBINDFAIL);
        session.send(pdu.response({ command_status: status, system_id: 'centre' }));
    };
    ['bind_transmitter', 'bind_receiver', 'bind_transceiver'].forEach((command) => session.on(command, bind));
    session.on('submit_sm', (pdu) => {
        const { short_message, message_payload, validity_period, ...others } = pdu;
        say({
            submit: {
                ...others,
                short_message: text(short_message),
                message_payload: text(message_payload),
                validity_period: validity_period.text,
                valid_for_s: Math.round((validity_period.date - new Date()) / 1000),
            },
        });
        const status = rules.submit[pdu.destination_addr] ?? smpp.ESME_ROK;
        taken += status === smpp.ESME_ROK ? 1 : 0;
        session.send(pdu.response({ command_status: status, message_id: `centre-${taken}` }));
    });
    session.on('unbind', (pdu) => {
        say({ unbind: { sequence_number: pdu.sequence_number } });
        session.send(pdu.response());
    });
    session.on('unknown', (pdu) => session.send(pdu.response()));
    session.on('error', (error) => {
        say({ error: error.message });
        session.destroy();
    });
    session.on('close', () => say({ closed: true }));
});
server.listen(0, '127.0.0.1', () => say({ listening: server.address().port, errors: smpp.errors }));
process.stdin.resume().on('end', () => process.exit());
