import { deliver, Child } from './measure.mjs';
const server = process.argv[2], confirmed = process.argv[3] === 'c';
const child = new Child(server === 'bare' ? './server-bare.mjs' : './server-roomcast.mjs', ['--cpu-prof', '--cpu-prof-dir=/tmp/prof', '--cpu-prof-interval=200']);
const load = new Child('./load.mjs');
const { targets } = await child.ask('setup', { rooms: 1, listeners: 500 });
await load.ask('connect', { targets });
console.log(await deliver({ child, load }, { events: 300, rate: 20, confirmed, perEvent: 500 }));
child.term(); await new Promise(r=>setTimeout(r,3000)); load.end(); process.exit(0);
