import Glibc
import ObserverCapture
import ObserverConfiguration

exit(runProgram(CaptureConfiguration.self, stages: CaptureService.stages))
