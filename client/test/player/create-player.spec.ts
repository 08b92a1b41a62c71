import { expect, test } from '@jest/globals';
import type { Media, Room } from '../../src/index.js';
import type { createPlayer } from '../../src/player/index.js';

/** Compiles only if the library's own room and media fit. */
const parametersOf = (room: Room, media: Media): Parameters<typeof createPlayer> => [room, media];

test("the library's room and media are what a player is made of", () => {
  const [room, media] = [{} as Room, {} as Media];
  expect(parametersOf(room, media)).toEqual([room, media]);
});
