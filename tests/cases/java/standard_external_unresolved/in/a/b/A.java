package a.b;
import java.util.List;
import javax.xml.parsers.SAXParser;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import static org.junit.Assert.*;
import a.b.Generated;
import a.b.gen.Parser;
class A {}
