// The checksum of a model's data: namegen/web/checksum.py in JavaScript, which says what it is taken of.

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});

/** CRC-32, that of zlib, of a value as `JSON.parse` gives it: eight hexadecimal digits. */
function checksumOf(value) {
  let crc = 0xffffffff;
  const take = (array) => {
    const bytes = new Uint8Array(array.buffer);
    for (let k = 0; k < bytes.length; k++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ bytes[k]) & 0xff];
  };
  const begin = (kind, length = 0) => take(Uint32Array.of(kind.charCodeAt(0), length));
  const takeText = (text) => {
    begin("s", text.length);
    const units = new Uint16Array(text.length);
    for (let k = 0; k < text.length; k++) units[k] = text.charCodeAt(k);
    take(units);
  };
  const takeObject = (object) => {
    const keys = Object.keys(object).sort(); // by their code units
    begin("o", keys.length);
    for (const key of keys) {
      takeText(key);
      takeValue(object[key]);
    }
  };
  const takeValue = (one) => {
    if (typeof one === "string") takeText(one);
    else if (typeof one === "number") {
      begin("d");
      take(Float64Array.of(one));
    } else if (one === null || typeof one === "boolean") begin(String(one)[0]);
    else if (Array.isArray(one)) {
      begin("l", one.length);
      one.forEach(takeValue);
    } else takeObject(one);
  };
  takeValue(value);
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
}
