import Glibc
import ObserverConfiguration
import ObserverWeb

exit(runProgram(WebConfiguration.self, stages: WebService.stages))
