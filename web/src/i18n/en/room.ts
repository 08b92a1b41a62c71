export const room = {
  queue: 'Up next',
  people: 'People',
  addMusic: 'Add music',
  nothingPlays: 'Nothing is playing. Add the first track.',
  queueEmpty: 'The queue is empty. Add music to go on.',
  vote: (title: string) => `Vote for ${title}`,
  votes: (count: number) => (count === 1 ? '1 vote' : `${count} votes`),
  play: 'Play',
  pause: 'Pause',
  skip: 'Next track',
  turnOnSound: 'Turn on the sound',
};
