/** The camera of the device. */

const REASONS = {
  NotAllowedError: 'The camera may not be used: allow it for this page.',
  NotFoundError: 'No camera was found.',
  NotReadableError: 'The camera is busy; close what else uses it.',
};

/** Shows the camera's film in a video element, and takes photos of it. */
export class Camera {
  #video;

  /** @param {HTMLVideoElement} video Where the film is shown. */
  constructor(video) {
    this.#video = video;
  }

  /** Whether the browser lets this page ask for a camera (not by HTTP). */
  static isPossible() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  /** Asks for the camera and starts it. */
  async start() {
    try {
      this.#video.srcObject = await navigator.mediaDevices.getUserMedia({
        video: {facingMode: 'user'},
      });
    } catch (error) {
      throw new Error(
        REASONS[error.name] ?? `The camera fails: ${error.message}`,
      );
    }
    await this.#video.play();
  }

  /**
   * Takes a photo.
   *
   * @return {Promise<ImageBitmap>}
   */
  photo() {
    return createImageBitmap(this.#video);
  }

  /** Turns the camera off. */
  stop() {
    for (const track of this.#video.srcObject?.getTracks() ?? []) track.stop();
    this.#video.srcObject = null;
  }
}
