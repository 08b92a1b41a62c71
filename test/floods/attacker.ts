import { setMaxListeners } from 'node:events';
import { getPriority, setPriority } from 'node:os';
import { answerCommands } from './answer-commands.js';
import { type Attack, type Counts, type Target } from './attack.js';
import * as http from './http-attacks.js';
import * as socket from './socket-attacks.js';

/** The process of the attacker. */

const attacks: Record<string, Attack> = { ...http, ...socket };

// A lower priority: the attacker must not take CPU time from the server and the healthy clients.
setPriority(Math.min(19, getPriority() + 10));

async function run({ flood, target, seconds }: { flood: string; target: Target; seconds: number }) {
  const attack = attacks[flood];
  if (!attack) throw new Error(`there is no attack ${flood}`);
  const counts: Counts = { sent: 0, refused: 0, closed: 0 };
  const signal = AbortSignal.timeout(seconds * 1000);
  // Each connection listens to it.
  setMaxListeners(0, signal);
  await attack({ target, counts, signal });
  return counts;
}

const commands = { run };
export type AttackerCommands = typeof commands;

answerCommands(commands);
