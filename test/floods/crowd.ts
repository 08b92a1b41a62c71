import { guest } from '../support/api.js';
import { RawListener } from '../support/raw-listener.js';
import { answerCommands } from './answer-commands.js';

/** The process of many listeners behind one address. */

const listeners: RawListener[] = [];

async function enter(url: string, roomId: string, index: number): Promise<void> {
  const who = await guest(url, `listener ${index}`);
  const { status, body } = await who.post(`/rooms/${roomId}/join`);
  if (status !== 200) throw new Error(`joining was refused: ${status} ${JSON.stringify(body)}`);
  await new Promise<void>((resolve, reject) => {
    const listener = new RawListener(url, who, roomId, ({ type }) => {
      if (type === 'connection_established') resolve();
    });
    listeners.push(listener);
    void listener.closed().then(() => reject(new Error('the connection was closed')));
  });
}

const commands = {
  /** All at once; each signs in, joins and connects. @returns the seconds until the last has the room's state */
  async enter({ url, roomId, count }: { url: string; roomId: string; count: number }): Promise<number> {
    const began = performance.now();
    await Promise.all(Array.from({ length: count }, (_, index) => enter(url, roomId, index)));
    return (performance.now() - began) / 1000;
  },

  /** How many have received every event up to this one since they connected. */
  complete({ head }: { head: number }): number {
    return listeners.filter(
      ({ open, sequences }) =>
        open &&
        sequences.at(-1) === head &&
        sequences.every((sequence, index) => sequence === sequences[0]! + index),
    ).length;
  },
};
export type CrowdCommands = typeof commands;

answerCommands(commands);
