import type { Texts } from '../language.js';

export const entrance: Texts['entrance'] = {
  yourName: 'اسمك',
  namePlaceholder: 'كما يراك الآخرون',
  createRoom: 'غرفة جديدة',
  roomName: 'اسم الغرفة',
  private: 'بدعوة فقط',
  publicRooms: 'الغرف',
  noRooms: 'لا توجد غرفة مفتوحة. أنشئ الأولى.',
  listen: 'استمع',
  join: (room) => `ادخل ${room}`,
  notFoundTitle: 'هذه الصفحة غير موجودة',
  notFoundText: 'قد يكون الرابط غير كامل.',
};
