export const entrance = {
  yourName: 'Your name',
  namePlaceholder: 'How others see you',
  createRoom: 'New room',
  roomName: 'Name of the room',
  private: 'Only with an invite',
  publicRooms: 'Rooms',
  noRooms: 'No room is open. Make the first one.',
  listen: 'Listen',
  join: (room: string) => `Join ${room}`,
  notFoundTitle: 'This page does not exist',
  notFoundText: 'The link may be incomplete.',
};
