import { guest } from '../support/api.js';
import { RawListener } from '../support/raw-listener.js';
import { answerCommands } from './answer-commands.js';
import { repeated } from './repeated.js';

/** The process of many listeners behind one address. */

interface Member {
  listener: RawListener;
  /** The newest sequence it has. */
  last: number;
  lost: number;
}

const members: Member[] = [];

async function enter(url: string, roomId: string, index: number): Promise<void> {
  const who = await repeated(() => guest(url, `listener ${index}`));
  const { status, body } = await repeated(() => who.post(`/rooms/${roomId}/join`));
  if (status !== 200) throw new Error(`joining was refused: ${status} ${JSON.stringify(body)}`);
  await new Promise<void>((resolve, reject) => {
    const listener = new RawListener(url, who, roomId, (event) => {
      const { sequence } = event.metadata;
      if (event.type === 'connection_established') {
        member.last = event.data.sequence;
        resolve();
      } else if (sequence !== undefined && sequence > member.last) {
        // An event that is not later is a retry: its confirmation was late.
        member.lost += sequence - member.last - 1;
        member.last = sequence;
      }
    });
    const member: Member = { listener, last: 0, lost: 0 };
    members.push(member);
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

  received({ head }: { head: number }) {
    return {
      closed: members.filter(({ listener }) => !listener.open).length,
      behind: members.filter(({ last }) => last < head).length,
      lost: members.reduce((sum, { lost }) => sum + lost, 0),
    };
  },
};
export type CrowdCommands = typeof commands;

answerCommands(commands);
