import type { Texts } from '../language.js';
import { plural } from './plural.js';

export const sharing: Texts['sharing'] = {
  share: 'دعوة',
  title: 'ادعُ آخرين',
  publicText: 'كل من لديه هذا الرابط يمكنه الدخول.',
  privateText: 'لا يدخل إلا من لديه دعوة.',
  notAdministrator: 'هذه الغرفة خاصة. لا يدعو إليها إلا مديرها.',
  link: 'الرابط',
  copy: 'نسخ الرابط',
  copied: 'نُسخ',
  copyFailed: 'المتصفح لا يسمح بالنسخ. حدّد الرابط وانسخه.',
  localOnly: 'هذا العنوان يعمل على هذا الجهاز فقط. افتح Roomcast بالعنوان الذي يستخدمه الآخرون ثم شاركه.',
  shareWith: 'مشاركة…',
  shareText: (room) => `استمع معي في ${room}`,
  qrCode: 'رمز QR للرابط',
  qrHint: 'امسحه بالهاتف.',
  newInvite: 'دعوة جديدة',
  create: 'إنشاء دعوة',
  validFor: 'صالحة لمدة',
  hour: 'ساعة',
  day: 'يوم',
  week: 'أسبوع',
  month: '30 يومًا',
  uses: 'لكم شخصًا',
  unlimited: 'أي عدد',
  invites: 'الدعوات',
  usedOf: (uses, most) =>
    most === null
      ? plural(uses, {
          zero: 'لم تُستخدم بعد',
          one: 'استُخدمت مرة واحدة',
          two: 'استُخدمت مرتين',
          few: 'استُخدمت # مرات',
          other: 'استُخدمت # مرة',
        })
      : `استُخدمت ${uses} من ${most}`,
  expires: (when) => `تنتهي ${when}`,
  show: 'عرض الرابط',
  revoke: 'إلغاء الدعوة',
};
