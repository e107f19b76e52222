import Glibc
import ObserverCapture
import ObserverConfiguration

exit(CaptureProgram.run(environment: ProcessEnvironment.current()))
