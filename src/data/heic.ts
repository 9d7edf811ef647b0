/** Commands of operating systems that convert HEIC images, which no permitted decoder reads. */

/**
 * Command that converts the HEIC images of the current folder to JPEG, by the system's name in
 * Node. macOS has sips. Linux distributions have heif-convert in libheif-examples or libheif-tools.
 * ImageMagick reads HEIC on Windows.
 */
export const heicCommands = {
  darwin: 'mkdir -p jpeg && sips -s format jpeg *.[hH][eE][iI][cC] --out jpeg',
  linux: 'for f in *.[hH][eE][iI][cC]; do heif-convert "$f" "$f.jpg"; done',
  win32: 'magick mogrify -format jpg *.heic',
} as const;

/** The command of this system. */
export function heicCommand(platform: string = process.platform): string {
  return platform === 'darwin' || platform === 'win32'
    ? heicCommands[platform]
    : heicCommands.linux;
}
