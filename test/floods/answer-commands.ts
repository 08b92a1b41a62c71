import { inspect } from 'node:util';
import type { Commands } from './processes.js';

/** In a child process: answers the commands of its parent process, and exits when that does. */
export function answerCommands(commands: Commands): void {
  const answer = async ({ id, name, argument }: { id: number; name: string; argument: unknown }) => {
    try {
      process.send!({ id, result: await commands[name]!(argument) });
    } catch (error) {
      process.send!({ id, error: inspect(error) });
    }
  };
  process.on('message', (message) => void answer(message as Parameters<typeof answer>[0]));
  process.on('disconnect', () => process.exit());
}
