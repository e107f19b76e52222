import Glibc
import ObserverMedia

exit(MediaProgram.run())
